import { expval, Z } from '@ketwork/circuit';
import { cpu } from '@ketwork/simulator';
import { angles, embeddedLayers, ones } from '../harness/circuits.ts';
import { local } from '../harness/measure.ts';
import { nativeSides } from '../harness/native-sides.ts';
import type { NativeMode } from '../harness/native-sides.ts';
import { compare, mustAgree } from '../harness/question.ts';
import type { Context, PeerSide, Question } from '../harness/question.ts';
import type { Row } from '../harness/row.ts';
import { jsqubitsName, jsqubitsValue } from '../peers/jsqubits.ts';
import { prototypeName } from '../peers/prototypes.ts';
import { quantumCircuitName } from '../peers/quantum-circuit.ts';

const QUBITS = 2;
const LAYERS = 2;
const SAMPLES = 16384;

const name = 'small-training';

/** The peers with the least ratios promised. */
const modes: readonly NativeMode[] = [
  { peer: 'lightning.qubit', goal: 1000 },
  { peer: 'lightning.qubit', mode: 'tapes' },
  { peer: 'default.qubit', goal: 5 },
  { peer: 'tensorcircuit', goal: 5 },
];

/** The named complaint: an epoch over 16,384 samples with 2 qubits and 12 parameters. */
export const smallTraining: Question = {
  name,
  asks: '2 qubits, 12 parameters, 16,384 samples: how long is one epoch of value and gradient?',
  async answer(context) {
    const rows: Row[] = [];
    const minibatches = context.tiny === true ? [32] : [32, 256, SAMPLES];
    for (const minibatch of minibatches) rows.push(...(await training(context, minibatch)));
    rows.push(...(await againstPrototypes(context)), ...(await forwardOnly(context)));
    return rows;
  },
};

async function prepare({ tiny }: Context, minibatch: number): Promise<Prepared> {
  const samples = tiny === true ? 512 : SAMPLES;
  const engine = await cpu();
  const program = engine.compile(embeddedLayers(QUBITS, LAYERS), expval(Z(0)));
  const x = angles(samples * QUBITS, 0.3);
  const w = angles(LAYERS * QUBITS * 3);
  const dy = ones(minibatch);
  const parts = Array.from({ length: samples / minibatch }, (_, i) =>
    x.subarray(i * minibatch * QUBITS, (i + 1) * minibatch * QUBITS),
  );
  return {
    x,
    w,
    parts,
    run: (part) => program.run({ x: part, w }),
    gradient: (part) => program.vjp({ x: part, w }, dy, { wrt: ['w'] }).w,
  };
}

interface Prepared {
  readonly x: Float64Array;
  readonly w: Float64Array;
  /** The minibatches. */
  readonly parts: readonly Float64Array[];
  run(part: Float64Array): Float64Array;
  gradient(part: Float64Array): Float64Array;
}

const milliseconds = (scale: number) => (seconds: number) => 1e3 * scale * seconds;

async function training(context: Context, minibatch: number): Promise<Row[]> {
  const { settings, peers } = context;
  const ours = await prepare(context, minibatch);
  const { w, parts } = ours;
  // Minibatches do not influence each other: one is timed and multiplied.
  const toUnit = milliseconds(parts.length);
  const { sides, drop } = await nativeSides(
    context,
    await peers.native?.(1),
    `${name}, minibatch ${minibatch}`,
    {
      precision: 'f64',
      what: 'gradient',
      circuit: embeddedLayers(QUBITS, LAYERS),
      x: parts[0]!,
      batch: minibatch,
      w,
      measured: [0],
    },
    minibatch === SAMPLES ? modes.filter(({ peer }) => peer !== 'lightning.qubit') : modes,
    () => ours.gradient(parts[0]!),
    () => toUnit,
  );
  if (sides.length === 0) return [];
  const epoch = (): void => {
    for (const part of parts) {
      ours.run(part);
      ours.gradient(part);
    }
  };
  const rows = await compare(
    {
      question: name,
      case: `value + gradient, minibatch ${minibatch}`,
      unit: 'ms/epoch',
      ours: { timer: local(epoch), toUnit: milliseconds(1) },
      peers: sides,
    },
    settings,
  );
  await drop();
  return rows;
}

/** The prototypes compute value and gradient in one pass, as vjp does, which keeps the value to itself. */
async function againstPrototypes(context: Context): Promise<Row[]> {
  const { settings, peers } = context;
  if (peers.prototypes === undefined) return [];
  const minibatch = 256;
  const { x, w, parts, run, gradient } = await prepare(context, minibatch);
  const kernel = peers.prototypes.kernel('adjoint', QUBITS, w, x.length / QUBITS, x);
  kernel.run();
  const ours = summed(parts.map((part) => gradient(part)));
  mustAgree(`${name}, prototype`, ours, kernel.sum(), 1e-8);
  const whole = (): void => {
    kernel.stage();
    kernel.run();
    kernel.sum();
  };
  const more = ' with Math.sin and Math.cos of the angles and the sum over examples';
  const toUnit = milliseconds(1);
  const both = (): void => {
    for (const part of parts) {
      run(part);
      gradient(part);
    }
  };
  const once = (): void => {
    for (const part of parts) gradient(part);
  };
  const wholeSide = { name: prototypeName('adjoint', more), timer: local(whole), toUnit, goal: 1 };
  const kernelSide = { name: prototypeName('adjoint'), timer: local(kernel.run), toUnit, goal: 1 };
  return [
    ...(await compare(
      {
        question: name,
        case: `value + gradient, minibatch ${minibatch}`,
        unit: 'ms/epoch',
        ours: { timer: local(both), toUnit },
        peers: [wholeSide],
      },
      settings,
    )),
    ...(await compare(
      {
        question: name,
        case: `gradient (vjp), minibatch ${minibatch}`,
        unit: 'ms/epoch',
        ours: { timer: local(once), toUnit },
        peers: [kernelSide, wholeSide],
      },
      settings,
    )),
  ];
}

function summed(gradients: readonly Float64Array[]): Float64Array {
  const total = new Float64Array(gradients[0]!.length);
  for (const gradient of gradients) gradient.forEach((value, i) => (total[i] = total[i]! + value));
  return total;
}

async function forwardOnly(context: Context): Promise<Row[]> {
  const { settings, peers } = context;
  const minibatch = 256;
  const ours = await prepare(context, minibatch);
  const { w, parts } = ours;
  const part = parts[0]!;
  const values = ours.run(part);
  const oneByOne = (evaluate: (start: number) => number, label: string): PeerSide['timer'] => {
    const found = Array.from({ length: minibatch }, (_, i) => evaluate(i * QUBITS));
    mustAgree(`${name}, ${label}`, values, found);
    return local(() => {
      for (let i = 0; i < minibatch; i++) evaluate(i * QUBITS);
    });
  };
  const toUnit = milliseconds(parts.length);
  const sides: PeerSide[] = [
    {
      name: jsqubitsName,
      timer: oneByOne((start) => jsqubitsValue(QUBITS, w, part, start), 'jsqubits'),
      toUnit,
    },
  ];
  if (peers.quantumCircuit !== undefined) {
    const evaluate = peers.quantumCircuit.value(QUBITS, w);
    const timer = oneByOne((start) => evaluate(part, start), 'quantum-circuit');
    sides.push({ name: quantumCircuitName, timer, toUnit });
  }
  const epoch = (): void => {
    for (const each of parts) ours.run(each);
  };
  return compare(
    {
      question: name,
      case: `value only, minibatch ${minibatch}`,
      unit: 'ms/epoch',
      ours: { timer: local(epoch), toUnit: milliseconds(1) },
      peers: sides,
    },
    settings,
  );
}
