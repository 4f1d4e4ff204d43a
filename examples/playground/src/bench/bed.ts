// What the bench's figures are made with in a page.
import { gpujs, wgsl } from '@ketwork/gpu';
import type { AsyncEngine } from '@ketwork/simulator';
import type { BackEnd as Measured, Copies } from '../../../../bench/gpu/bed.ts';
import { copiesOnCpu, copiesOnWebGl2, copiesOnWebGpu } from '../../../../bench/gpu/copies.ts';
import { engineOf } from '../engines.ts';
import type { BackEnd } from '../engines.ts';

/** Clocks of pages are rounded to so many seconds. */
const CLOCK = 1e-4;

/** Engines that make a pass of every gate. */
const plainOf: Readonly<Record<string, (force: boolean) => Promise<AsyncEngine>>> = {
  wgsl: (force) => wgsl({ force, fusion: 0, workgroups: false }),
  'gpujs-webgpu': (force) => gpujs({ mode: 'webgpu', force, fusion: 0 }),
  'gpujs-webgl2': (force) => gpujs({ mode: 'webgl2', force, fusion: 0 }),
};

/** Names in rows, as those of the bench in Node. */
const rowNames: Readonly<Record<string, string>> = {
  cpu: 'cpu',
  'cpu-f32': 'cpu in f32',
  wgsl: 'wgsl',
  'gpujs-webgpu': 'gpujs webgpu',
  'gpujs-webgl2': 'gpujs webgl2',
};

/** The back ends of the page under test, and what frees what was opened for it. */
export function testedOf(
  list: readonly BackEnd[],
  signal: AbortSignal,
): { readonly backEnds: ReadonlyMap<Measured, BackEnd>; readonly close: () => void } {
  const opened = new Map<string, Promise<AsyncEngine>>();
  const free: (() => void)[] = [];
  const timer = (work: () => unknown) => async (calls: number) => {
    // The page stays awake between samples.
    await new Promise((done) => void setTimeout(done));
    signal.throwIfAborted();
    const start = performance.now();
    for (let i = 0; i < calls; i++) {
      const called = work();
      if (called instanceof Promise) await called;
    }
    return Math.max(CLOCK, (performance.now() - start) / 1000);
  };
  const copiesOf =
    (id: string) =>
    async (bytes: number): Promise<Copies> => {
      if (id === 'gpujs-webgl2') return copiesOnWebGl2(bytes);
      if (!(id in plainOf)) return copiesOnCpu(bytes);
      const adapter = await navigator.gpu.requestAdapter({ powerPreference: 'high-performance' });
      const device = await adapter!.requestDevice();
      free.push(() => device.destroy());
      return copiesOnWebGpu(device, bytes);
    };
  const backEnds = list.map((backEnd): [Measured, BackEnd] => {
    const { id, software = false, label } = backEnd;
    const plain = plainOf[id];
    const open = (): Promise<AsyncEngine> => {
      let engine = opened.get(id);
      if (engine === undefined) {
        engine = plain!(software);
        opened.set(id, engine);
        free.push(() => void engine!.then((made) => made.dispose()).catch(() => {}));
      }
      return engine;
    };
    const measured = {
      name: rowNames[id] ?? label.toLowerCase(),
      gpu: plain !== undefined,
      software,
      engine: () => engineOf(backEnd),
      timer,
      // One thread's copies are no measure for several.
      ...(id === 'threads' ? {} : { copies: copiesOf(id) }),
      ...(plain === undefined ? {} : { plain: open }),
    };
    return [measured, backEnd];
  });
  return { backEnds: new Map(backEnds), close: () => free.forEach((one) => one()) };
}
