// The fixture of every back end in a page: random circuits against the dense reference. The browser gate bundles it and
// opens one page per back end, since a page that goes through many WebGL contexts may stall.
import { circuit, expval, weight, Z } from '@ketwork/circuit';
import { cpu } from '@ketwork/simulator';
import type { AsyncEngine } from '@ketwork/simulator';
import { gpujs } from '../../src/gpujs/engine.ts';
import { loadLibrary } from '../../src/gpujs/library.ts';
import { wgsl } from '../../src/wgsl/engine.ts';
import { deviceFailures } from '../device-fixture.ts';
import { mergedFailures } from '../gpujs/merged-circuits.ts';

/** What a page found. */
export interface PageReport {
  readonly failures: readonly string[];
  readonly circuits: number;
  /** What the engine says of a circuit. */
  readonly explained: string;
  readonly isolated: boolean;
}

const SINGLE = { results: 1e-5, gradients: 2e-5 };
const DOUBLE = { results: 1e-12, gradients: 1e-12 };

const engines: Readonly<Record<string, () => Promise<AsyncEngine>>> = {
  wgsl: () => wgsl({ force: true }),
  'gpujs-webgpu': () => gpujs({ mode: 'webgpu', force: true }),
  'gpujs-webgl2': () => gpujs({ mode: 'webgl2', force: true }),
  'cpu-threads': () => cpu({ threads: 2 }),
};

/** Runs the first circuits of the fixture on a back end. */
export async function fixture(backEnd: string, circuits: number): Promise<PageReport> {
  const page = globalThis as { GPU?: unknown; crossOriginIsolated?: boolean };
  const before = page.GPU;
  const engine = await engines[backEnd]!();
  const seeds = Array.from({ length: circuits }, (_, seed) => seed);
  const tolerances = backEnd.startsWith('cpu') ? DOUBLE : SINGLE;
  const failures = await deviceFailures(engine, seeds, tolerances, 6);
  if (backEnd.startsWith('cpu')) failures.push(...(await largeState(engine)));
  if (backEnd.startsWith('gpujs')) {
    failures.push(...(await mergedFailures(engine, tolerances)).failures);
    await loadLibrary();
    if (page.GPU !== before) failures.push('gpu.js replaced the GPU of the page');
  }
  const bell = circuit(2, (q) => {
    q.h(0).cnot(0, 1);
  });
  const explained = engine.compile(bell, expval(Z(0))).explain().text;
  engine.dispose();
  return { failures, circuits, explained, isolated: page.crossOriginIsolated === true };
}

/** A state that workers share where the page may have shared memory: the same bits as in this thread. */
async function largeState(engine: AsyncEngine): Promise<string[]> {
  const qubits = 16;
  const layers = circuit(qubits, { w: weight([2, qubits, 3]) }, (q, { w }) => {
    q.stronglyEntanglingLayers(w);
  });
  const w = Float64Array.from({ length: 6 * qubits }, (_, i) => Math.sin(i));
  const observables = expval(Z(0), Z(qubits - 1));
  const here = (await cpu()).compile(layers, observables);
  const there = engine.compile(layers, observables);
  const dy = Float64Array.of(1, -2);
  const failures: string[] = [];
  const compare = (what: string, a: Float64Array, b: Float64Array): void => {
    if (a.some((x, i) => !Object.is(x, b[i]))) failures.push(`${what} of a large state differ`);
  };
  compare('results', here.run({ w }), await there.run({ w }));
  compare('gradients', here.vjp({ w }, dy).w, (await there.vjp({ w }, dy)).w);
  return failures;
}
