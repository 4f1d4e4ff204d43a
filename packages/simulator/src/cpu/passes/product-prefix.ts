import type { Element } from '../element.ts';
import { support } from '../element.ts';
import type { Lowered } from '../lower.ts';
import type { Pass } from './pass.ts';

/** Below, elements of all kinds share groups, and making factors takes as long as what it saves. */
const MIN_QUBITS = 4;
/** Beyond, a state is worked on chunk by chunk from its beginning on. */
const MAX_QUBITS = 13;

/** Whether a circuit begins with a product state that takes what stands first on single qubits for nothing. */
export const hasProductPrefix = ({ qubits, preparations }: Lowered): boolean =>
  preparations.length === 0 && qubits >= MIN_QUBITS && qubits <= MAX_QUBITS;

/**
 * Sets apart what acts on single qubits before anything joins them. The state behind it is a product, made by doubling
 * from one factor of two amplitudes per qubit, in the time of two rotations; on the way back each factor's share of
 * lambda is contracted, instead of undoing the elements one by one. A circuit that begins with prepared amplitudes
 * begins with no product and is left alone.
 */
export const productPrefix: Pass = (program) => {
  const { lowered } = program;
  if (!hasProductPrefix(lowered)) return program;
  const joined = new Set<number>();
  const prefix: Element[] = [];
  const elements = lowered.elements.filter((element) => {
    const touched = support(element);
    const [qubit] = touched;
    if (touched.length === 1 && qubit !== undefined && !joined.has(qubit)) {
      prefix.push(element);
      return false;
    }
    for (const other of touched) joined.add(other);
    return true;
  });
  return { ...program, lowered: { ...lowered, elements, prefix: [...lowered.prefix, ...prefix] } };
};
