import { expval, Z } from '@ketwork/circuit';
import type { Circuit } from '@ketwork/circuit';
import type { Engine } from '@ketwork/simulator';
import { angles, embeddedLayers, ones, plainLayers } from '../harness/circuits.ts';
import { engineAt, planned, precisions } from '../harness/engines.ts';
import { local } from '../harness/measure.ts';
import { nativeSides } from '../harness/native-sides.ts';
import type { NativeMode } from '../harness/native-sides.ts';
import { compare, mustAgree } from '../harness/question.ts';
import type { Context, PeerSide, Question } from '../harness/question.ts';
import type { Row } from '../harness/row.ts';
import { jsqubitsName, jsqubitsValue } from '../peers/jsqubits.ts';
import type { Precision } from '../peers/native.ts';
import { prototypeName } from '../peers/prototypes.ts';
import { quantumCircuitName } from '../peers/quantum-circuit.ts';

const name = 'layers';
const LAYERS = 3;

type What = 'value' | 'gradient';

/** Least ratios promised against every native peer, and so against the fastest. */
const goals: Record<What, number> = { value: 3, gradient: 4 };

/** Most qubits at which TensorCircuit is asked: beyond, its staging takes longer than all else together. */
const STAGED: Record<What, Record<Precision, number>> = {
  value: { f64: 10, f32: 8 },
  gradient: { f64: 8, f32: 6 },
};

/** Peers that compute at this precision, each on as many examples as keep a call short and its memory small. */
function modesFor(what: What, precision: Precision, qubits: number, batch: number): NativeMode[] {
  const goal = goals[what];
  const few = Math.min(batch, 32);
  const many = Math.min(batch, 2 ** (17 - qubits));
  const modes: NativeMode[] = [
    { peer: 'lightning.qubit', examples: Math.min(batch, 8), goal },
    { peer: 'lightning.qubit', mode: 'tapes', examples: Math.min(batch, 8), goal },
  ];
  if (qubits <= STAGED[what][precision])
    modes.push({ peer: 'tensorcircuit', examples: many, goal });
  // At 12 qubits PennyLane 0.45.1 cannot broadcast.
  if (precision === 'f64') modes.push({ peer: 'default.qubit', examples: many, goal });
  if (what === 'gradient') {
    if (precision === 'f64') modes.push({ peer: 'qulacs', examples: few, goal });
    return modes;
  }
  modes.push({ peer: 'aer', examples: few, goal });
  if (precision === 'f64') {
    modes.push({ peer: 'qulacs', mode: 'as written', examples: few, goal });
    modes.push({ peer: 'qulacs', mode: 'optimize_light', examples: few, goal });
    modes.push({ peer: 'qulacs', mode: 'optimize(3)', examples: few, goal });
  } else {
    for (const mode of ['f2', 'f3', 'f4']) modes.push({ peer: 'qsim', mode, examples: few, goal });
  }
  return modes;
}

/** Strongly entangling layers from 4 to 12 qubits, against the prototypes from 2 on. */
export const layers: Question = {
  name,
  asks: '3 strongly entangling layers, batch 256, up to 12 qubits: how long are value and gradient?',
  async answer(context) {
    const rows: Row[] = [];
    for (const precision of precisions) {
      using engine = await engineAt(precision);
      if (engine === undefined) {
        context.skip(`${name}: the engine has no ${precision}`);
        continue;
      }
      for (const qubits of context.tiny === true ? [2] : [2, 4, 6, 8, 10, 12]) {
        for (const what of ['value', 'gradient'] as const) {
          if (qubits >= 4 || context.tiny === true)
            rows.push(...(await embedded(context, engine, precision, qubits, what)));
          if (precision === 'f64')
            rows.push(...(await againstPrototypes(context, engine, qubits, what)));
        }
      }
    }
    return rows;
  },
};

const perExample = (examples: number) => (seconds: number) => (1e6 * seconds) / examples;

/** A function that computes the whole batch, and what it computes. */
function ourWork(
  engine: Engine,
  circuit: Circuit<'x' | 'w'>,
  what: What,
  x: Float64Array,
  w: Float64Array,
  batch: number,
): () => Float64Array {
  const program = engine.compile(circuit, expval(Z(0)));
  const dy = ones(batch);
  return what === 'value'
    ? () => program.run({ x, w })
    : () => program.vjp({ x, w }, dy, { wrt: ['w'] }).w;
}

const ourName = (what: What): string => (what === 'value' ? 'value' : 'gradient (vjp)');
const batchOf = ({ tiny }: Context): number => (tiny === true ? 8 : 256);

async function embedded(
  context: Context,
  engine: Engine,
  precision: Precision,
  qubits: number,
  what: What,
): Promise<Row[]> {
  const { settings, peers } = context;
  const batch = batchOf(context);
  const circuit = embeddedLayers(qubits, LAYERS);
  const x = angles(batch * qubits, 0.3);
  const w = angles(LAYERS * qubits * 3);
  const label = `${qubits} qubits, embedded data, ${ourName(what)}, ${precision}`;
  if (qubits > STAGED[what][precision] && peers.native !== undefined) {
    context.skip(`${name}: ${label}: TensorCircuit, which stages for ten seconds to a minute`);
  }
  const ours = planned(() => ourWork(engine, circuit, what, x, w, batch));
  const native = await nativeSides(
    context,
    await peers.native?.(1),
    `${name}, ${label}`,
    { precision, what, circuit, x, batch, w, measured: [0] },
    modesFor(what, precision, qubits, batch),
    (examples) => {
      const part = x.subarray(0, examples * qubits);
      return ourWork(engine, circuit, what, part, w, examples)();
    },
    perExample,
  );
  const sides: PeerSide[] = [...native.sides];
  if (what === 'value' && precision === 'f64' && qubits <= 8) {
    const add = (peerName: string, evaluate: (start: number) => number): void => {
      const theirs = [evaluate(0)];
      mustAgree(`${name}, ${qubits} qubits, ${peerName}`, [ours.result[0]!], theirs, 1e-8);
      let example = 0;
      const timer = local(() => evaluate((example++ % batch) * qubits));
      sides.push({ name: peerName, timer, toUnit: perExample(1) });
    };
    add(jsqubitsName, (start) => jsqubitsValue(qubits, w, x, start));
    const evaluate = peers.quantumCircuit?.value(qubits, w);
    if (evaluate !== undefined) add(quantumCircuitName, (start) => evaluate(x, start));
  }
  if (sides.length === 0) return [];
  const rows = await compare(
    {
      question: name,
      case: label,
      unit: 'us/example',
      ours: { timer: local(ours.work), toUnit: perExample(batch), plan: ours.plan },
      peers: sides,
    },
    { budgetSeconds: 3, warmSeconds: 1, ...settings },
  );
  await native.drop();
  return rows;
}

async function againstPrototypes(
  context: Context,
  engine: Engine,
  qubits: number,
  what: What,
): Promise<Row[]> {
  const { settings, peers } = context;
  const batch = batchOf(context);
  if (peers.prototypes === undefined) return [];
  const w = angles(LAYERS * qubits * 3);
  const data = new Float64Array(batch);
  const work = ourWork(engine, plainLayers(qubits, LAYERS), what, data, w, batch);
  const kind = what === 'value' ? 'forward' : 'adjoint';
  const kernel = peers.prototypes.kernel(kind, qubits, w, batch);
  kernel.run();
  const theirs = what === 'value' ? kernel.values() : kernel.sum();
  mustAgree(`${name}, ${qubits} qubits, prototype`, work(), theirs, 1e-8);
  return compare(
    {
      question: name,
      case: `${qubits} qubits, no data, ring of neighbours, ${ourName(what)}`,
      unit: 'us/example',
      ours: { timer: local(work), toUnit: perExample(batch) },
      peers: [
        {
          name: prototypeName(kind),
          timer: local(kernel.run),
          toUnit: perExample(batch),
          goal: 1,
        },
      ],
    },
    settings,
  );
}
