// Devices and contexts that are lost, in a page: every call ends, with the right numbers or with an error that says what to
// do, and a program, the CPU engine or an engine opened later goes on.
import { KetworkError } from '@ketwork/base';
import { circuit, expval, input, weight, X, Z } from '@ketwork/circuit';
import type { Circuit } from '@ketwork/circuit';
import { cpu } from '@ketwork/simulator';
import type { AsyncEngine, AsyncProgram, Values } from '@ketwork/simulator';
import { gpujs } from '../../src/gpujs/engine.ts';
import { loadLibrary } from '../../src/gpujs/library.ts';
import { wgsl } from '../../src/wgsl/engine.ts';
import type { WgslEngine } from '../../src/wgsl/engine.ts';

/** A call that takes longer has hung. Shaders compile slowly on software adapters. */
const PATIENCE = 30_000;
const TOLERANCE = 1e-5;

const open: Readonly<Record<string, () => Promise<AsyncEngine>>> = {
  wgsl: () => wgsl({ force: true }),
  'gpujs-webgpu': () => gpujs({ mode: 'webgpu', force: true }),
  'gpujs-webgl2': () => gpujs({ mode: 'webgl2', force: true }),
};

const qubits = 5;
const batch = 16;
const layers = circuit(qubits, { x: input([qubits]), w: weight([2, qubits, 3]) }, (q, { x, w }) => {
  q.angleEmbedding(x).stronglyEntanglingLayers(w);
});
const measured = expval(Z(0), X(qubits - 1));
const values: Values<'x' | 'w'> = {
  x: Float64Array.from({ length: batch * qubits }, (_, i) => Math.sin(i)),
  w: Float64Array.from({ length: 6 * qubits }, (_, i) => Math.cos(3 * i)),
};
const dy = Float64Array.from({ length: 2 * batch }, (_, i) => 1 - (i % 3));

type Tested = AsyncProgram<'x' | 'w', typeof measured>;
type Work = (program: Tested) => Promise<Float64Array>;
const run: Work = (program) => program.run(values);
const gradient: Work = async (program) => (await program.vjp(values, dy)).w;

/** Contexts of WebGL that the page has made. */
const contexts: WebGL2RenderingContext[] = [];

/** Notes every context that is made from now on. */
function watchContexts(): void {
  for (const { prototype } of [OffscreenCanvas, HTMLCanvasElement]) {
    const make = prototype.getContext as (...args: unknown[]) => unknown;
    Object.defineProperty(prototype, 'getContext', {
      configurable: true,
      value(this: unknown, ...args: unknown[]): unknown {
        const made = make.apply(this, args);
        if (made instanceof WebGL2RenderingContext && !contexts.includes(made)) contexts.push(made);
        return made;
      },
    });
  }
}

/** Takes the device or the context away. */
const lose: Readonly<Record<string, (engine: AsyncEngine) => Promise<() => void>>> = {
  wgsl: async (engine) => {
    const { gpu } = (engine as WgslEngine).device;
    return () => gpu.destroy();
  },
  'gpujs-webgpu': async () => {
    const { device } = await (await loadLibrary()).device();
    return () => device.destroy();
  },
  'gpujs-webgl2': async () => () => {
    const alive = contexts.filter((context) => !context.isContextLost());
    if (alive.length === 0) throw new Error('there is no context to lose');
    for (const context of alive) context.getExtension('WEBGL_lose_context')!.loseContext();
  },
};

/** When the device goes: before the first call, between two, or so many milliseconds after one has begun (-1: at once). */
type Moment = 'before' | 'between' | number;
const inWords = (moment: Moment): string =>
  typeof moment === 'string' ? moment : `${Math.max(0, moment)} ms after the start`;

/** What became of a call: numbers, or an error. */
async function outcomeOf(call: Promise<Float64Array>): Promise<Float64Array | Error> {
  const late = new Promise<Error>((done) => {
    setTimeout(() => done(new Error('the call has not ended')), PATIENCE);
  });
  const ended = call.catch((error: unknown) =>
    error instanceof Error ? error : new Error(String(error)),
  );
  return await Promise.race([ended, late]);
}

function isRight(actual: Float64Array, right: Float64Array): boolean {
  return (
    actual.length === right.length && actual.every((x, i) => Math.abs(x - right[i]!) < TOLERANCE)
  );
}

/** What is wrong with an error of a lost device; undefined where nothing is. */
function wrongError(error: Error): string | undefined {
  if (!(error instanceof KetworkError) || error.name !== 'EnvironmentError')
    return `ends with ${error.name}: ${error.message}`;
  if (!/lost/.test(error.message))
    return `the error does not tell that it was lost: ${error.message}`;
  if (!/engine|cpu\(\)/.test(error.remedy ?? '')) return `the remedy is ${String(error.remedy)}`;
  return undefined;
}

/** Loses the device of a back end at every moment there is. Returns what goes wrong. */
export async function losses(backEnd: string): Promise<string[]> {
  const failures: string[] = [];
  const unhandled = (event: PromiseRejectionEvent): void => {
    failures.push(`nobody catches ${String(event.reason)}`);
  };
  addEventListener('unhandledrejection', unhandled);
  watchContexts();
  using exact = await cpu();
  const onCpu = exact.compile(layers, measured);
  for (const [what, work, right, moments] of [
    ['values', run, onCpu.run(values), ['before', 'between', -1, 0, 3]],
    ['gradients', gradient, onCpu.vjp(values, dy).w, [-1, 3]],
  ] as const) {
    for (const moment of moments) {
      // Opening engines takes the longest.
      const found = await lossAt(backEnd, moment, work, right, moment === -1);
      const where = `${what}, device lost ${inWords(moment)}`;
      failures.push(...found.map((failure) => `${where}: ${failure}`));
    }
    if (!isRight(what === 'values' ? onCpu.run(values) : onCpu.vjp(values, dy).w, right))
      failures.push('the CPU engine has other numbers now');
  }
  await new Promise((done) => void setTimeout(done, 20));
  removeEventListener('unhandledrejection', unhandled);
  return failures;
}

async function lossAt(
  backEnd: string,
  moment: Moment,
  work: Work,
  right: Float64Array,
  anew: boolean,
): Promise<string[]> {
  const engine = await open[backEnd]!();
  try {
    const program = engine.compile(layers, measured);
    const takeAway = await lose[backEnd]!(engine);
    // gpu.js makes its context with the first kernel, here that of another program.
    using other = engine.compile(layers, measured);
    const first = await outcomeOf(work(moment === 'before' ? other : program));
    if (first instanceof Error || !isRight(first, right)) return [`at first ${String(first)}`];
    if (typeof moment === 'string') takeAway();
    // Two at once: one that computes, and one that waits for it.
    const calls = [work(program), work(program)].map(outcomeOf);
    if (typeof moment === 'number') {
      if (moment >= 0) await new Promise((done) => void setTimeout(done, moment));
      takeAway();
    }
    const failures: string[] = [];
    const outcomes = await Promise.all(calls);
    for (const [i, outcome] of outcomes.entries()) {
      const name = i === 0 ? 'the call' : 'the one that waits';
      if (outcome instanceof Error) {
        const wrong = wrongError(outcome);
        if (wrong !== undefined) failures.push(`${name} ${wrong}`);
      } else if (!isRight(outcome, right)) {
        failures.push(`${name} gives ${outcome.slice(0, 4).join(', ')}…`);
      }
    }
    const noticed = outcomes.some((outcome) => outcome instanceof Error);
    // A device that went before or at once cannot have computed anything.
    if (!noticed && (typeof moment === 'string' || moment < 0)) {
      const { text } = program.explain();
      if (!text.includes('runs on the CPU engine')) failures.push('the calls do not notice');
    }
    if (!noticed) {
      const next = await outcomeOf(work(program));
      const wrong = next instanceof Error ? wrongError(next) : undefined;
      if (wrong !== undefined) failures.push(`the next call ${wrong}`);
      if (!(next instanceof Error) && !isRight(next, right))
        failures.push(`the next call gives ${next.slice(0, 4).join(', ')}…`);
    }
    failures.push(...(await afterwards(backEnd, engine, program, work, right, anew)));
    return failures;
  } finally {
    engine.dispose();
  }
}

/** What works once the device is gone. */
async function afterwards(
  backEnd: string,
  engine: AsyncEngine,
  program: Tested,
  work: Work,
  right: Float64Array,
  anew: boolean,
): Promise<string[]> {
  const failures: string[] = [];
  const later = engine.compile(layers, measured);
  for (const [name, one] of [
    ['the program', program],
    ['a program compiled later', later],
  ] as const) {
    const next = await outcomeOf(work(one));
    if (backEnd === 'wgsl') {
      // It asks for a new engine, call after call.
      const wrong = next instanceof Error ? wrongError(next) : 'computes on';
      if (wrong !== undefined) failures.push(`${name} ${wrong}`);
      continue;
    }
    const { text } = one.explain();
    if (next instanceof Error || !isRight(next, right))
      failures.push(`${name} does not go on: ${String(next)}`);
    else if (!text.includes('runs on the CPU engine')) failures.push(`${name} explains: ${text}`);
  }
  if ('lost' in engine && !engine.lost) failures.push('the engine does not tell that it is lost');
  if (!anew) return failures;
  const again = await open[backEnd]!();
  const there = again.compile(layers, measured);
  const first = await outcomeOf(work(there));
  if (first instanceof Error || !isRight(first, right))
    failures.push(`a new engine gives ${String(first)}`);
  else if (there.explain().text.includes('runs on the CPU') || ('lost' in again && again.lost))
    failures.push(`a new engine explains: ${there.explain().text}`);
  again.dispose();
  return failures;
}

/** Circuits of other structures, so that each has to be compiled. */
function another(length: number): Circuit<'x' | 'w'> {
  return circuit(qubits, { x: input([qubits]), w: weight([2, qubits, 3]) }, (q, { x, w }) => {
    q.angleEmbedding(x).stronglyEntanglingLayers(w);
    for (let i = 0; i < length; i++) q.rx(0.1, i % qubits).rz(w.at(0, i % qubits, 0), 0);
  });
}

/**
 * Calls of one program, or of a new one each, until the GPU process of the browser has ended, which `started` asks for. That
 * is how a crash of a driver looks: reads give zeros at first. Returns what goes wrong.
 */
export async function crash(
  backEnd: string,
  programs: 'one' | 'new',
  started: () => void,
): Promise<string[]> {
  using exact = await cpu();
  const right = exact.compile(layers, measured).run(values);
  const engine = await open[backEnd]!();
  const program = engine.compile(layers, measured);
  await program.run(values);
  started();
  const start = performance.now();
  for (let calls = 0; performance.now() - start < PATIENCE; calls++) {
    const ansatz = programs === 'one' ? layers : another(1 + calls);
    const called = programs === 'one' ? program : engine.compile(ansatz, measured);
    const expected = programs === 'one' ? right : exact.compile(ansatz, measured).run(values);
    const outcome = await outcomeOf(called.run(values));
    if (outcome instanceof Error) {
      const wrong = wrongError(outcome);
      const failures = wrong === undefined ? [] : [`call ${calls} ${wrong}`];
      return [...failures, ...(await afterwards(backEnd, engine, program, run, right, true))];
    }
    if (!isRight(outcome, expected))
      return [`call ${calls} gives ${outcome.slice(0, 4).join(', ')}…`];
    if (called.explain().text.includes('runs on the CPU engine'))
      return await afterwards(backEnd, engine, program, run, right, true);
  }
  return ['nothing was lost'];
}

/** A result that is zero is no reason to give a context up. Returns what goes wrong. */
export async function zeros(backEnd: string): Promise<string[]> {
  const engine = await open[backEnd]!();
  const nothing = circuit(2, { w: weight([]) }, (q, { w }) => {
    q.rz(w.at(), 0);
  });
  const program = engine.compile(nothing, expval(X(0)));
  const failures: string[] = [];
  for (let i = 0; i < 3; i++) {
    const outcome = await outcomeOf(program.run({ w: [0.3] }));
    if (outcome instanceof Error || outcome[0] !== 0) failures.push(String(outcome));
  }
  if (program.explain().text.includes('runs on the CPU')) failures.push('a zero ended the engine');
  engine.dispose();
  return failures;
}
