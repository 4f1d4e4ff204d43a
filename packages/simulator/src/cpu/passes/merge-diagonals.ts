import { support } from '../element.ts';
import type { Element, TablePart } from '../element.ts';
import { flipsOf } from '../flips.ts';
import { withElements } from './pass.ts';
import type { EngineProgram, Pass } from './pass.ts';

/** A table costs about as much as three phases on one qubit each. */
const WORTH = 4;
/** Beyond this a table no longer stays in the cache beside the state. */
const MAX_QUBITS = 12;
const MIN_QUBITS = 3;

/**
 * Merges the phases that all examples share, layer by layer, into one table of `e^{i Φ(a)}` over basis states a.
 * A phase on an odd number of set bits stays one when a CNOT, X or SWAP moves past it, with another mask, so phases on
 * both sides of a ring of CNOTs meet in one table. Making a table takes the time it saves on about eight examples, so
 * circuits without batch slots keep their phases. (The batch itself must not decide: its parts, on several threads, would
 * differ in the last bits.)
 */
export const mergeDiagonals: Pass = (program) => {
  const { lowered } = program;
  if (!lowered.batched || lowered.qubits < MIN_QUBITS || lowered.qubits > MAX_QUBITS)
    return program;
  const out: Element[] = [];
  let left: readonly Element[] = lowered.elements;
  while (left.length > 0) {
    const layer = collect(left, program);
    out.push(...layer.elements);
    const others = split(layer.left, program, (element) => !isSharedPhase(element, program));
    out.push(...others.taken);
    left = others.left;
  }
  return withElements(program, out);
};

/** Takes the elements that satisfy `wanted` and wait for no other element of the list. */
function split(
  elements: readonly Element[],
  { lowered }: EngineProgram,
  wanted: (element: Element) => boolean,
): { taken: Element[]; left: Element[] } {
  const { qubits } = lowered;
  const blocked = new Set<number>();
  const taken: Element[] = [];
  const left: Element[] = [];
  for (const [at, element] of elements.entries()) {
    if (blocked.size === qubits) return { taken, left: left.concat(elements.slice(at)) };
    const touched = support(element);
    if (wanted(element) && !touched.some((q) => blocked.has(q))) taken.push(element);
    else {
      left.push(element);
      for (const qubit of touched) blocked.add(qubit);
    }
  }
  return { taken, left };
}

/** Takes all phases and flips that can run now; the phases become one table behind the flips where that pays. */
function collect(
  elements: readonly Element[],
  program: EngineProgram,
): { elements: Element[]; left: readonly Element[] } {
  const { taken, left } = split(
    elements,
    program,
    (e) => isSharedPhase(e, program) || parityMaps(e) !== undefined,
  );
  const phases = taken.filter((element) => isSharedPhase(element, program));
  if (phases.length < WORTH) {
    // Flips alone are taken only together with a table, so that every round takes something else too.
    const rest = split(elements, program, (e) => isSharedPhase(e, program));
    return { elements: rest.taken, left: rest.left };
  }
  const { qubits } = program.lowered;
  const bit = (qubit: number): number => 2 ** (qubits - 1 - qubit);
  const parts: TablePart[] = [];
  const flips: Element[] = [];
  for (const element of taken) {
    const moves = parityMaps(element);
    if (moves !== undefined) {
      flips.push(element);
      for (const { control, target } of moves) {
        parts.forEach((part, i) => {
          if ((part.mask & bit(target)) === 0) return;
          if (control === undefined)
            parts[i] = { ...part, weight: -part.weight, offset: part.offset + part.weight };
          else parts[i] = { ...part, mask: part.mask ^ bit(control) };
        });
      }
    } else if (element.type === 'phase') parts.push(...partsOf(element, bit));
  }
  const all = Array.from({ length: qubits }, (_, q) => q);
  const table: Element = {
    type: 'table',
    qubits: all,
    controls: [],
    parts,
    operation: phases[0]?.operation ?? 0,
  };
  return { elements: [...flips, table], left };
}

function isSharedPhase(element: Element, { lowered }: EngineProgram): boolean {
  return (
    element.type === 'phase' &&
    !lowered.angles.isBatch(element.coefficient.node) &&
    element.qubits.length + element.controls.length <= 3 &&
    (element.odd !== true || element.controls.length === 0)
  );
}

/** A phase as a sum over parities: of its bits together, or (all bits set) of every subset of them. */
function partsOf(
  element: Element & { type: 'phase' },
  bit: (qubit: number) => number,
): TablePart[] {
  const { coefficient } = element;
  if (element.odd === true) {
    const mask = element.qubits.reduce((sum, qubit) => sum | bit(qubit), 0);
    return [{ mask, weight: 1, offset: 0, coefficient }];
  }
  // Π b_i = Σ over subsets S of (-1)^{|S|+1} parity_S / 2^{k-1}; a bit that must be 0 is 1 minus its parity, worked out
  // by multiplying the factors (1 - (±1) s_i) / 2 with s_i = (-1)^{b_i}.
  const conditions = [...element.qubits.map((qubit) => ({ qubit, value: 1 })), ...element.controls];
  const parts: TablePart[] = [];
  for (let subset = 0; subset < 2 ** conditions.length; subset++) {
    let mask = 0;
    let sign = 1;
    conditions.forEach(({ qubit, value }, i) => {
      if (((subset >> i) & 1) === 0) return;
      mask |= bit(qubit);
      if (value === 1) sign = -sign;
    });
    // (-1)^{parity} = 1 - 2 parity.
    const weight = sign / 2 ** conditions.length;
    parts.push({ mask, weight: -2 * weight, offset: weight, coefficient });
  }
  return parts;
}

/** The element as X and CNOTs, which map parities to parities. */
function parityMaps(
  element: Element,
): { control: number | undefined; target: number }[] | undefined {
  const flips = flipsOf(element);
  const simple = flips?.every(({ controls }) => controls.length <= 1 && controls[0]?.value !== 0);
  if (flips === undefined || simple !== true) return undefined;
  return flips.map(({ target, controls }) => ({ control: controls[0]?.qubit, target }));
}
