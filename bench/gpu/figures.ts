// The figures of the back ends of a machine: gates per second, batches against one by one, gradients, who is ahead from
// which size on, bytes moved against the device's own copies. The bench makes them in Node and the playground in its page.
import { circuit, weight } from '@ketwork/circuit';
import type { Circuit } from '@ketwork/circuit';
import { angles, embeddedLayers, ones } from '../harness/circuits.ts';
import { zOn } from '../harness/engines.ts';
import { interleave } from '../harness/measure.ts';
import { compare } from '../harness/question.ts';
import type { PeerSide, Side } from '../harness/question.ts';
import { makeRow } from '../harness/row.ts';
import type { Row } from '../harness/row.ts';
import { median } from '../harness/statistics.ts';
import { rivalOf, titleOf } from './bed.ts';
import type { BackEnd, Bed } from './bed.ts';
import { Sides } from './sides.ts';
import type { AnyProgram } from './sides.ts';

export { resultText } from '../harness/row.ts';
export type { HeaderRow, Row } from '../harness/row.ts';

const question = 'gpu';

/** What a row is about. */
export type Kind = 'sweep' | 'gates' | 'values' | 'gradients' | 'bytes';

/** A row with what it is about. */
export interface Figure {
  readonly kind: Kind;
  readonly backEnd: BackEnd;
  /** Qubits of its circuits. */
  readonly qubits: number;
  /** What of the back end it is about, where there are several such rows. */
  readonly detail?: string;
  readonly row: Row;
}

/** Goals on one adapter: merged matrices against a pass for every gate. */
const MERGED: Readonly<Record<string, number>> = { wgsl: 3, 'gpujs webgpu': 2, 'gpujs webgl2': 2 };
/** Goals of our own shaders against gpu.js, and of a batch against one by one. */
const GOALS = { fused: 8, gates: 3, batches: 2, together: 5 } as const;

/** Hardware-efficient layers: RY and RZ on every qubit and a chain of CNOTs, so that four qubits are eleven gates. */
function hardwareEfficient(qubits: number, layers: number): Circuit<'w'> {
  return circuit(qubits, { w: weight([layers, qubits, 2]) }, (q, { w }) => {
    for (let layer = 0; layer < layers; layer++) {
      for (let i = 0; i < qubits; i++) q.ry(w.at(layer, i, 0), i).rz(w.at(layer, i, 1), i);
      for (let i = 0; i + 1 < qubits; i++) q.cnot(i, i + 1);
    }
  });
}

const all = (qubits: number): number[] => Array.from({ length: qubits }, (_, q) => q);

/** Makes all figures, one after the other. What back ends fail at is left out, and told to `skip`. */
export async function* figures(bed: Bed): AsyncGenerator<Figure> {
  const sides = new Sides(bed);
  const parts = [
    sweep,
    gates,
    ...bed.sizes.small.map((qubits) => (those: Sides) => batches(those, qubits)),
    bytes,
  ];
  for (const part of parts) {
    try {
      yield* part(sides);
    } finally {
      sides.end();
    }
  }
}

/** Ours and gpu.js on WebGPU, as far as both are there. */
function pair(sides: Sides): readonly [wgsl: BackEnd, gpujs: BackEnd] | undefined {
  const of = (name: string): BackEnd | undefined =>
    sides.backEnds.find((backEnd) => backEnd.name === name);
  const [wgsl, gpujs] = [of('wgsl'), of('gpujs webgpu')];
  return wgsl === undefined || gpujs === undefined ? undefined : [wgsl, gpujs];
}

/** Gates per second on one state: merged against a pass for every gate, ours against gpu.js. */
async function* gates(sides: Sides): AsyncGenerator<Figure> {
  const { bed } = sides;
  const { qubits, layers } = bed.sizes;
  const ansatz = hardwareEfficient(qubits, layers);
  const values = { w: angles(layers * qubits * 2) };
  const toUnit = (seconds: number): number => ansatz.ops.length / seconds;
  const label = `${qubits} qubits, ${layers} hardware-efficient layers`;
  // The last qubit of the chain: every gate counts.
  const measured = zOn([qubits - 1]);
  let right: ArrayLike<number> | undefined;
  const side = async (backEnd: BackEnd, version: 'engine' | 'plain'): Promise<Side> => {
    const program = await sides.compiled(backEnd, ansatz, measured, version);
    const result = await sides.guarded(backEnd, () => program.run(values));
    sides.agree(backEnd, (right ??= result), result);
    return { timer: sides.timer(backEnd, () => program.run(values)), toUnit };
  };
  const row = async (
    name: string,
    ours: Side,
    peers: readonly PeerSide[],
  ): Promise<readonly Row[]> =>
    await compare({ question, case: name, unit: 'gates/s', rate: true, ours, peers }, bed.settings);
  for (const backEnd of sides.backEnds) {
    await bed.next?.(`gates per second, ${titleOf(backEnd)}`);
    const rows = await sides.attempt(async () => {
      const ours = await side(backEnd, 'engine');
      const { plain, name } = backEnd;
      const peers =
        plain === undefined
          ? []
          : [
              {
                name: `${name}, a pass for every gate`,
                ...(await side(backEnd, 'plain')),
                ...(MERGED[name] === undefined ? {} : { goal: MERGED[name] }),
              },
            ];
      return await row(`${label}, ${titleOf(backEnd)}`, ours, peers);
    });
    for (const made of rows) yield { kind: 'gates', backEnd, qubits, row: made };
  }
  for (const [version, what, goal] of [
    ['engine', 'merged matrices', GOALS.fused],
    ['plain', 'a pass for every gate', GOALS.gates],
  ] as const) {
    const both = pair(sides);
    if (both === undefined) return;
    const [wgsl, gpujs] = both;
    await bed.next?.(`gates per second, ${wgsl.name} and ${gpujs.name}`);
    const rows = await sides.attempt(async () => {
      const peer = { name: `${gpujs.name}, the same`, ...(await side(gpujs, version)), goal };
      return await row(`${label}, ${titleOf(wgsl)}, ${what}`, await side(wgsl, version), [peer]);
    });
    for (const made of rows)
      yield { kind: 'gates', backEnd: wgsl, qubits, detail: what, row: made };
  }
}

/** Small circuits: values of a batch against one by one, gradients against the CPU engine, ours against gpu.js. */
async function* batches(sides: Sides, qubits: number): AsyncGenerator<Figure> {
  const { bed } = sides;
  const { batch } = bed.sizes;
  const alone = Math.min(batch, bed.sizes.alone);
  const ansatz = embeddedLayers(qubits, 3);
  const x = angles(batch * qubits, 0.3);
  const w = angles(3 * qubits * 3);
  const dy = ones(batch * qubits);
  const measured = zOn(all(qubits));
  const label = `${qubits} qubits, 3 layers, batch ${batch}`;
  const toUnit = (seconds: number): number => batch / seconds;
  const first = new Map<Kind, ArrayLike<number>>();
  type Small = AnyProgram<'x' | 'w'>;
  const works = {
    values: async (program: Small) => await program.run({ x, w }),
    gradients: async (program: Small) => (await program.vjp({ x, w }, dy, { wrt: ['w'] })).w,
  } as const;
  const side = async (backEnd: BackEnd, kind: keyof typeof works): Promise<Side> => {
    const program = await sides.compiled(backEnd, ansatz, measured);
    const result = await sides.guarded(backEnd, () => works[kind](program));
    if (!first.has(kind)) first.set(kind, result);
    // Gradients are sums over the batch.
    const scale = kind === 'gradients' ? 1 / batch : 1;
    const scaled = (numbers: ArrayLike<number>): number[] =>
      Array.from(numbers, (number) => number * scale);
    sides.agree(backEnd, scaled(first.get(kind)!), scaled(result));
    const call: () => unknown =
      kind === 'values'
        ? () => program.run({ x, w })
        : () => program.vjp({ x, w }, dy, { wrt: ['w'] });
    return { timer: sides.timer(backEnd, call), toUnit };
  };
  const oneByOne = async (backEnd: BackEnd): Promise<Side> => {
    const program = await sides.compiled(backEnd, ansatz, measured);
    const call = async (): Promise<void> => {
      for (let e = 0; e < alone; e++) {
        const called = program.run({ x: x.subarray(e * qubits, (e + 1) * qubits), w });
        if (called instanceof Promise) await called;
      }
    };
    return { timer: sides.timer(backEnd, call), toUnit: (seconds) => alone / seconds };
  };
  const row = async (name: string, ours: Side, peers: readonly PeerSide[]): Promise<Row[]> =>
    await compare(
      { question, case: name, unit: 'examples/s', rate: true, ours, peers },
      bed.settings,
    );
  for (const kind of ['values', 'gradients'] as const) {
    for (const backEnd of sides.backEnds) {
      await bed.next?.(`${kind} of ${qubits} qubits, ${titleOf(backEnd)}`);
      const rows = await sides.attempt(async () => {
        const ours = await side(backEnd, kind);
        const rival = rivalOf(sides.backEnds);
        const peers: PeerSide[] = [];
        if (kind === 'values') {
          const goal = backEnd.gpu && batch >= 64 ? { goal: GOALS.together } : {};
          peers.push({
            name: `${backEnd.name}, one by one`,
            ...(await oneByOne(backEnd)),
            ...goal,
          });
        } else if (rival !== undefined && rival !== backEnd) {
          peers.push({ name: rival.name, ...(await side(rival, kind)) });
        }
        return await row(`${label}, ${kind}, ${titleOf(backEnd)}`, ours, peers);
      });
      for (const made of rows) yield { kind, backEnd, qubits, row: made };
    }
    const both = pair(sides);
    if (both === undefined) continue;
    const [wgsl, gpujs] = both;
    await bed.next?.(`${kind} of ${qubits} qubits, ${wgsl.name} and ${gpujs.name}`);
    const rows = await sides.attempt(async () => {
      const peer = {
        name: `${gpujs.name}, the same`,
        ...(await side(gpujs, kind)),
        goal: GOALS.batches,
      };
      return await row(`${label}, ${kind}, ${titleOf(wgsl)}`, await side(wgsl, kind), [peer]);
    });
    for (const made of rows)
      yield { kind, backEnd: wgsl, qubits, detail: 'next to gpu.js', row: made };
  }
}

/** Milliseconds of a call by size, next to the CPU engine. */
async function* sweep(sides: Sides): AsyncGenerator<Figure> {
  const { bed } = sides;
  const { work, batch, layers, qubits: list, longest = Infinity } = bed.sizes.sweep;
  const ended = new Set<BackEnd>();
  for (const qubits of list) {
    const rivals = sides.backEnds.filter((one) => !ended.has(one));
    if (rivals.length === 0) return;
    await bed.next?.(`${qubits} qubits`);
    const samples = await bySize(sides, rivals, qubits);
    sides.release();
    const rival = rivalOf([...samples.keys()]);
    for (const [backEnd, seconds] of samples) {
      const peer = rival === undefined || rival === backEnd ? undefined : samples.get(rival)!;
      const milliseconds = (all: readonly number[]): number[] => all.map((each) => 1e3 * each);
      const row = makeRow({
        question,
        case: `${qubits} qubits, ${layers} layers, batch ${batch}, ${work === 'run' ? 'values' : 'values and gradients'}, ${titleOf(backEnd)}`,
        unit: 'ms',
        ours: milliseconds(seconds),
        ...(peer === undefined ? {} : { peer: milliseconds(peer), peerName: rival!.name }),
      });
      yield { kind: 'sweep', backEnd, qubits, row };
      if (median(seconds) > longest) ended.add(backEnd);
    }
  }
}

/** Seconds of a call on each back end, all in the same rounds. */
async function bySize(
  sides: Sides,
  backEnds: readonly BackEnd[],
  qubits: number,
): Promise<ReadonlyMap<BackEnd, readonly number[]>> {
  const { settings, sizes } = sides.bed;
  const { work, batch, layers } = sizes.sweep;
  const ansatz = embeddedLayers(qubits, layers);
  const measured = zOn(all(qubits));
  const values = { x: angles(batch * qubits, 0.3), w: angles(layers * qubits * 3) };
  const dy = ones(batch * qubits);
  const ready: { backEnd: BackEnd; call: () => unknown }[] = [];
  let right: ArrayLike<number> | undefined;
  for (const backEnd of backEnds) {
    await sides.attempt(async () => {
      const program = await sides.compiled(backEnd, ansatz, measured);
      const result = await sides.guarded(backEnd, () => program.run(values));
      sides.agree(backEnd, (right ??= result), result);
      const call =
        work === 'run'
          ? () => program.run(values)
          : () => program.vjp(values, dy, { wrt: ['w'] as const });
      ready.push({ backEnd, call });
      return [];
    });
  }
  // Should one fail now, the others start again.
  for (;;) {
    const left = ready.filter(({ backEnd }) => sides.has(backEnd));
    if (left.length === 0) return new Map();
    const [samples] = await sides.attempt(async () => [
      await interleave(
        left.map(({ backEnd, call }) => sides.timer(backEnd, call)),
        settings,
      ),
    ]);
    if (samples !== undefined)
      return new Map(left.map(({ backEnd }, i) => [backEnd, samples[i]!] as const));
  }
}

/** Bytes that a run reads and writes, next to copies of a state by the device. */
async function* bytes(sides: Sides): AsyncGenerator<Figure> {
  const { bed } = sides;
  const { qubits } = bed.sizes;
  const layers = 2;
  const ansatz = hardwareEfficient(qubits, layers);
  const values = { w: angles(layers * qubits * 2) };
  for (const backEnd of sides.backEnds) {
    const { copies, plain, gpu, name } = backEnd;
    if (copies === undefined) continue;
    await bed.next?.(`bytes moved, ${titleOf(backEnd)}`);
    const rows = await sides.attempt(async () => {
      const version = plain === undefined ? 'engine' : 'plain';
      const program = await sides.compiled(backEnd, ansatz, zOn([0]), version);
      await sides.guarded(backEnd, () => program.run(values));
      const { steps, moved, precision } = program.explain().details;
      const state = (precision === 'f64' ? 16 : 8) * 2 ** qubits;
      // Each pass, and each copy, reads and writes a state.
      const amount = gpu ? 2 * state * Number(steps) : Number(moved);
      if (!(amount > 0)) return [];
      const times = Math.max(1, Math.round(amount / (2 * state)));
      const copy = await sides.guarded(backEnd, () => copies(state));
      try {
        return await compare(
          {
            question,
            case: `${qubits} qubits, bytes read and written, ${gpu ? 'a pass for every gate, ' : ''}${titleOf(backEnd)}`,
            unit: 'GB/s',
            rate: true,
            ours: {
              timer: sides.timer(backEnd, () => program.run(values)),
              toUnit: (seconds) => amount / seconds / 1e9,
            },
            peers: [
              {
                name: gpu ? 'copies by the device' : 'copies of memory',
                timer: sides.timer(backEnd, () => copy.run(times)),
                toUnit: (seconds) => (2 * state * times) / seconds / 1e9,
              },
            ],
          },
          bed.settings,
        );
      } finally {
        copy.free();
      }
    });
    if (rows.length === 0 && sides.has(backEnd))
      bed.skip(backEnd, `${name} does not say how many bytes it moves`);
    for (const row of rows) yield { kind: 'bytes', backEnd, qubits, row };
  }
}

/** A stretch of sizes with its fastest back end. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly backEnd: BackEnd;
}

/** Which back end is ahead from which size on, by the rows of the sweep. */
export function stretches(list: readonly Figure[]): readonly Stretch[] {
  const found: Stretch[] = [];
  const rows = list.filter(({ kind }) => kind === 'sweep');
  for (const size of [...new Set(rows.map(({ qubits }) => qubits))].sort((a, b) => a - b)) {
    const best = rows
      .filter(({ qubits }) => qubits === size)
      .reduce((a, b) => (b.row.ours < a.row.ours ? b : a));
    const last = found.at(-1);
    if (last?.backEnd === best.backEnd) found[found.length - 1] = { ...last, to: size };
    else found.push({ from: size, to: size, backEnd: best.backEnd });
  }
  return found;
}

/** The sizes of a sweep, both included. */
export const sizesOf = (from: number, to: number): number[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);
