import { expval, Z } from '@ketwork/circuit';
import type { Circuit } from '@ketwork/circuit';
import { cpu } from '@ketwork/simulator';
import type { Engine } from '@ketwork/simulator';
import { angles, embeddedLayers, ones, plainLayers } from '../harness/circuits.ts';
import { local } from '../harness/measure.ts';
import { compare, firstLine, mustAgree } from '../harness/question.ts';
import type { Context, PeerSide, Question } from '../harness/question.ts';
import type { Row } from '../harness/row.ts';
import { jsqubitsName, jsqubitsValue } from '../peers/jsqubits.ts';
import { deviceName } from '../peers/pennylane.ts';
import type { Device } from '../peers/pennylane.ts';
import { prototypeName } from '../peers/prototypes.ts';
import { quantumCircuitName } from '../peers/quantum-circuit.ts';

const name = 'layers';
const LAYERS = 3;
const BATCH = 256;

type What = 'value' | 'gradient';

/** Examples of the batch that a peer is timed on, so that a call stays short and its memory small. */
const examplesFor: Record<Device, (qubits: number) => number> = {
  'lightning.qubit': () => 32,
  'default.qubit': (qubits) => Math.min(BATCH, 2 ** (17 - qubits)),
};

/** Strongly entangling layers from 4 to 12 qubits, against the prototypes from 2 on. */
export const layers: Question = {
  name,
  asks: '3 strongly entangling layers, batch 256, up to 12 qubits: how long are value and gradient?',
  async answer(context) {
    const engine = await cpu();
    const rows: Row[] = [];
    for (const qubits of [2, 4, 6, 8, 10, 12]) {
      for (const what of ['value', 'gradient'] as const) {
        if (qubits >= 4) rows.push(...(await embedded(context, engine, qubits, what)));
        rows.push(...(await againstPrototypes(context, engine, qubits, what)));
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
  batch = BATCH,
): () => Float64Array {
  const program = engine.compile(circuit, expval(Z(0)));
  const dy = ones(batch);
  return what === 'value'
    ? () => program.run({ x, w })
    : () => program.vjp({ x, w }, dy, { wrt: ['w'] }).w;
}

const ourName = (what: What): string => (what === 'value' ? 'value' : 'gradient (vjp)');

async function embedded(
  { settings, peers, skip }: Context,
  engine: Engine,
  qubits: number,
  what: What,
): Promise<Row[]> {
  const circuit = embeddedLayers(qubits, LAYERS);
  const x = angles(BATCH * qubits, 0.3);
  const w = angles(LAYERS * qubits * 3);
  const sides: PeerSide[] = [];
  const drops: (() => Promise<void>)[] = [];
  for (const device of peers.pennylane === undefined
    ? []
    : (Object.keys(examplesFor) as Device[])) {
    const examples = examplesFor[device](qubits);
    const part = x.subarray(0, examples * qubits);
    const task = { device, what, qubits, layers: LAYERS, x: part, w };
    const peer = await peers.pennylane!.circuit(task).catch((error: unknown) => {
      skip(`${device} with ${examples} examples, ${qubits} qubits, ${what}: ${firstLine(error)}`);
    });
    if (peer === undefined) continue;
    const same = ourWork(engine, circuit, what, part, w, examples)();
    mustAgree(`${name}, ${qubits} qubits, ${device}`, same, peer[what], 1e-8);
    sides.push({
      name: deviceName(device, examples),
      timer: peer.timer,
      toUnit: perExample(examples),
    });
    drops.push(peer.drop);
  }
  if (what === 'value' && qubits <= 8) {
    const values = ourWork(engine, circuit, what, x, w)();
    const add = (label: string, evaluate: (start: number) => number): void => {
      mustAgree(`${name}, ${qubits} qubits, ${label}`, [values[0]!], [evaluate(0)], 1e-8);
      let example = 0;
      const timer = local(() => evaluate((example++ % BATCH) * qubits));
      sides.push({ name: label, timer, toUnit: perExample(1) });
    };
    add(jsqubitsName, (start) => jsqubitsValue(qubits, w, x, start));
    const evaluate = peers.quantumCircuit?.value(qubits, w);
    if (evaluate !== undefined) add(quantumCircuitName, (start) => evaluate(x, start));
  }
  if (sides.length === 0) return [];
  const rows = await compare(
    {
      question: name,
      case: `${qubits} qubits, embedded data, ${ourName(what)}`,
      unit: 'us/example',
      ours: { timer: local(ourWork(engine, circuit, what, x, w)), toUnit: perExample(BATCH) },
      peers: sides,
    },
    settings,
  );
  for (const drop of drops) await drop();
  return rows;
}

async function againstPrototypes(
  { settings, peers }: Context,
  engine: Engine,
  qubits: number,
  what: What,
): Promise<Row[]> {
  if (peers.prototypes === undefined) return [];
  const w = angles(LAYERS * qubits * 3);
  const work = ourWork(engine, plainLayers(qubits, LAYERS), what, new Float64Array(BATCH), w);
  const kind = what === 'value' ? 'forward' : 'adjoint';
  const kernel = peers.prototypes.kernel(kind, qubits, w, BATCH);
  kernel.run();
  const theirs = what === 'value' ? kernel.values() : kernel.sum();
  mustAgree(`${name}, ${qubits} qubits, prototype`, work(), theirs, 1e-8);
  return compare(
    {
      question: name,
      case: `${qubits} qubits, no data, ring of neighbours, ${ourName(what)}`,
      unit: 'us/example',
      ours: { timer: local(work), toUnit: perExample(BATCH) },
      peers: [
        {
          name: prototypeName(kind),
          timer: local(kernel.run),
          toUnit: perExample(BATCH),
          goal: 1,
        },
      ],
    },
    settings,
  );
}
