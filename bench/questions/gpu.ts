import { circuit, expval, weight, Z } from '@ketwork/circuit';
import type { Circuit } from '@ketwork/circuit';
import { gpujs, probeGpu, wgsl } from '@ketwork/gpu';
import { cpu } from '@ketwork/simulator';
import type { AsyncEngine, AsyncProgram } from '@ketwork/simulator';
import type { WgslEngine } from '../../packages/gpu/src/wgsl/engine.ts';
import { useSoftwareGpu } from '@ketwork/testing';
import { angles, embeddedLayers, ones } from '../harness/circuits.ts';
import { zOn } from '../harness/engines.ts';
import { elapsed, local } from '../harness/measure.ts';
import type { Timer } from '../harness/measure.ts';
import { compare, firstLine, mustAgree } from '../harness/question.ts';
import type { Context, Question } from '../harness/question.ts';
import type { Row } from '../harness/row.ts';

const name = 'gpu';
/** Single precision on both sides. */
const TOLERANCE = 1e-4;

/** Hardware-efficient layers: RY and RZ on every qubit and a chain of CNOTs, so that four qubits are eleven gates. */
function hardwareEfficient(qubits: number, layers: number): Circuit<'w'> {
  return circuit(qubits, { w: weight([layers, qubits, 2]) }, (q, { w }) => {
    for (let layer = 0; layer < layers; layer++) {
      for (let i = 0; i < qubits; i++) q.ry(w.at(layer, i, 0), i).rz(w.at(layer, i, 1), i);
      for (let i = 0; i + 1 < qubits; i++) q.cnot(i, i + 1);
    }
  });
}

/** A timer of work on a device: wall time, or on a software adapter the processor time of this process, its threads included. */
function onDevice(software: boolean, work: () => Promise<unknown>): Timer {
  if (!software) return elapsed(work);
  return async (calls) => {
    const start = process.cpuUsage();
    for (let i = 0; i < calls; i++) await work();
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1e6;
  };
}

/**
 * Engines on a GPU. On a software adapter only ratios between engines of that adapter mean something; the CPU engine's
 * rows then say how much slower the adapter is.
 */
export const gpu: Question = {
  name,
  asks: 'What do GPU engines gain from merging and batching, and where do they overtake the CPU engine?',
  async answer(context) {
    const { settings, skip, tiny = false } = context;
    const rows = await onCpu(context);
    useSoftwareGpu();
    const { webgpu } = await probeGpu();
    if (!webgpu.found) {
      skip(`${name}: ${webgpu.reason}`);
      return rows;
    }
    const engine = await wgsl({ force: true });
    // Tiny circuits would fit into a workgroup, where there are no passes to merge.
    const passes = await wgsl({ force: true, workgroups: false });
    const unmerged = await wgsl({ force: true, fusion: 0, workgroups: false });
    const library = await gpujs({ force: true, mode: 'webgpu' }).catch((error: unknown) => {
      skip(`${name}: gpu.js: ${firstLine(error)}`);
      return undefined;
    });
    const libraryUnmerged =
      library === undefined ? undefined : await gpujs({ force: true, mode: 'webgpu', fusion: 0 });
    const { device } = engine as WgslEngine;
    const { software } = device;
    const timed = (work: () => Promise<unknown>): Timer => onDevice(software, work);
    try {
      const qubits = tiny ? 6 : software ? 16 : 22;
      const layers = tiny ? 1 : 5;
      const deep = hardwareEfficient(qubits, layers);
      const values = { w: angles(layers * qubits * 2) };
      const runOf = async (on: AsyncEngine): Promise<AsyncProgram<'w', ReturnType<typeof zOn>>> => {
        // The last qubit of the chain: every gate counts.
        const program = on.compile(deep, zOn([qubits - 1]));
        await program.run(values);
        return program;
      };
      const merged = await runOf(passes);
      const single = await runOf(unmerged);
      mustAgree('merged', await merged.run(values), await single.run(values), TOLERANCE);
      const gates = deep.ops.length;
      const what = `${qubits} qubits, ${layers} hardware-efficient layers`;
      const perGate = (seconds: number): number => (1e6 * seconds) / gates;
      const side = (program: typeof merged): { timer: Timer; toUnit: typeof perGate } => ({
        timer: timed(() => program.run(values)),
        toUnit: perGate,
      });
      rows.push(
        ...(await compare(
          {
            question: name,
            case: `${what}, merged matrices`,
            unit: 'us/gate',
            ours: side(merged),
            peers: [{ name: 'wgsl, a pass for every gate', ...side(single), goal: 3 }],
          },
          settings,
        )),
      );
      if (library !== undefined && libraryUnmerged !== undefined) {
        const other = await runOf(library);
        const otherSingle = await runOf(libraryUnmerged);
        mustAgree('gpu.js', await merged.run(values), await other.run(values), TOLERANCE);
        for (const [label, ours, theirs, goal] of [
          ['merged matrices', merged, other, 8],
          ['a pass for every gate', single, otherSingle, 3],
        ] as const) {
          rows.push(
            ...(await compare(
              {
                question: name,
                case: `${what}, ${label}`,
                unit: 'us/gate',
                ours: side(ours),
                peers: [{ name: 'gpujs, the same', ...side(theirs), goal }],
              },
              settings,
            )),
          );
        }
        rows.push(
          ...(await compare(
            {
              question: name,
              case: `${what}, gpujs, merged matrices`,
              unit: 'us/gate',
              ours: side(other),
              peers: [{ name: 'gpujs, a pass for every gate', ...side(otherSingle), goal: 2 }],
            },
            settings,
          )),
        );
      }
      rows.push(...(await moved(context, engine as WgslEngine, unmerged, qubits, timed)));
      rows.push(...(await batches(context, engine, library, timed)));
      rows.push(...(await crossover(context, engine, software, timed)));
    } finally {
      for (const one of [engine, passes, unmerged, library, libraryUnmerged]) one?.dispose();
    }
    return rows;
  },
};

/** What needs no GPU: the CPU engine in the precision that GPUs have. */
async function onCpu({ settings, tiny = false }: Context): Promise<Row[]> {
  using engine = await cpu({ precision: 'f32' });
  const qubits = tiny ? 4 : 16;
  const ansatz = hardwareEfficient(qubits, 5);
  const program = engine.compile(ansatz, zOn(Array.from({ length: qubits }, (_, q) => q)));
  const values = { w: angles(5 * qubits * 2) };
  return await compare(
    {
      question: name,
      case: `${qubits} qubits, 5 hardware-efficient layers, cpu in f32`,
      unit: 'us/gate',
      ours: {
        timer: local(() => program.run(values)),
        toUnit: (seconds) => (1e6 * seconds) / ansatz.ops.length,
      },
      peers: [],
    },
    settings,
  );
}

/** Bytes that passes move, next to a copy of as many by the device itself. */
async function moved(
  { settings }: Context,
  { device }: WgslEngine,
  unmerged: AsyncEngine,
  qubits: number,
  timed: (work: () => Promise<unknown>) => Timer,
): Promise<Row[]> {
  const layers = 2;
  const ansatz = hardwareEfficient(qubits, layers);
  const program = unmerged.compile(ansatz, expval(Z(0)));
  const values = { w: angles(layers * qubits * 2) };
  const steps = Number(program.explain().details['steps']);
  const state = 8 * 2 ** qubits;
  const [from, to] = await device.allocate([0x4, 0x8].map((usage) => ({ bytes: state, usage })));
  const copy = async (): Promise<void> => {
    const encoder = device.gpu.createCommandEncoder();
    for (let i = 0; i < steps; i++) encoder.copyBufferToBuffer(from!, 0, to!, 0, state);
    device.gpu.queue.submit([encoder.finish()]);
    await device.gpu.queue.onSubmittedWorkDone();
  };
  // Each pass, and each copy, reads and writes a state.
  const toUnit = (seconds: number): number => (2 * state * steps) / seconds / 1e9;
  try {
    return await compare(
      {
        question: name,
        case: `${qubits} qubits, a pass for every gate, bytes read and written`,
        unit: 'GB/s',
        rate: true,
        ours: { timer: timed(() => program.run(values)), toUnit },
        peers: [{ name: 'copies by the device', timer: timed(copy), toUnit }],
      },
      settings,
    );
  } finally {
    device.free([from!, to!]);
  }
}

/** Batches of small circuits: together, one by one, and on gpu.js; values and gradients. */
async function batches(
  { settings, tiny = false }: Context,
  engine: AsyncEngine,
  library: AsyncEngine | undefined,
  timed: (work: () => Promise<unknown>) => Timer,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const qubits of tiny ? [2] : [4, 6, 8]) {
    const batch = tiny ? 4 : 256;
    const ansatz = embeddedLayers(qubits, 3);
    const x = angles(batch * qubits, 0.3);
    const w = angles(3 * qubits * 3);
    const measured = zOn(Array.from({ length: qubits }, (_, q) => q));
    const program = engine.compile(ansatz, measured);
    const dy = ones(batch * qubits);
    const toUnit = (seconds: number): number => (1e6 * seconds) / batch;
    const alone = tiny ? 2 : 16;
    const loop = async (): Promise<void> => {
      for (let e = 0; e < alone; e++)
        await program.run({ x: x.subarray(e * qubits, (e + 1) * qubits), w });
    };
    rows.push(
      ...(await compare(
        {
          question: name,
          case: `${qubits} qubits, 3 layers, batch ${batch}, value`,
          unit: 'us/example',
          ours: { timer: timed(() => program.run({ x, w })), toUnit },
          peers: [
            {
              name: 'wgsl, one by one',
              timer: timed(loop),
              toUnit: (seconds) => (1e6 * seconds) / alone,
              goal: 5,
            },
          ],
        },
        settings,
      )),
    );
    if (library === undefined) continue;
    const other = library.compile(ansatz, measured);
    mustAgree('batch', await program.run({ x, w }), await other.run({ x, w }), TOLERANCE);
    for (const [what, run] of [
      ['value', (p: typeof program) => p.run({ x, w })],
      ['gradient', (p: typeof program) => p.vjp({ x, w }, dy)],
    ] as const) {
      rows.push(
        ...(await compare(
          {
            question: name,
            case: `${qubits} qubits, 3 layers, batch ${batch}, ${what}`,
            unit: 'us/example',
            ours: { timer: timed(() => run(program)), toUnit },
            peers: [{ name: 'gpujs, the same', timer: timed(() => run(other)), toUnit, goal: 2 }],
          },
          settings,
        )),
      );
    }
  }
  return rows;
}

/** Value of one state by size, next to the CPU engine in f32. */
async function crossover(
  { settings, tiny = false }: Context,
  engine: AsyncEngine,
  software: boolean,
  timed: (work: () => Promise<unknown>) => Timer,
): Promise<Row[]> {
  const rows: Row[] = [];
  using here = await cpu({ precision: 'f32' });
  for (const qubits of tiny ? [4] : software ? [10, 14, 18] : [10, 14, 18, 20, 22, 24]) {
    const ansatz = hardwareEfficient(qubits, 5);
    const values = { w: angles(5 * qubits * 2) };
    // Every qubit is read, so that no gate can be left out.
    const measured = zOn(Array.from({ length: qubits }, (_, q) => q));
    const there = engine.compile(ansatz, measured);
    const program = here.compile(ansatz, measured);
    const toUnit = (seconds: number): number => 1e3 * seconds;
    mustAgree('crossover', await there.run(values), program.run(values), TOLERANCE);
    rows.push(
      ...(await compare(
        {
          question: name,
          case: `${qubits} qubits, 5 hardware-efficient layers, Z on all${software ? ', software adapter' : ''}`,
          unit: 'ms',
          ours: { timer: timed(() => there.run(values)), toUnit },
          peers: [{ name: 'cpu in f32', timer: local(() => program.run(values)), toUnit }],
        },
        settings,
      )),
    );
  }
  return rows;
}
