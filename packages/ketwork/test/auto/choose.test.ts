import { UnsupportedError } from '@ketwork/base';
import { circuit, expval, Z } from '@ketwork/circuit';
import type { Circuit } from '@ketwork/circuit';
import type { AdapterReport, GpuReport } from '@ketwork/gpu';
import { cpu } from '@ketwork/simulator';
import type {
  AsyncEngine,
  CompileOptions,
  Engine,
  Measurements,
  Program,
} from '@ketwork/simulator';
import { describe, expect, it } from 'vitest';
import { crossoverOf } from '../../src/auto/calibration.ts';
import { candidate, choose } from '../../src/auto/choose.ts';
import type { Wishes } from '../../src/auto/choose.ts';
import type { Machine } from '../../src/auto/machine.ts';

const none: AdapterReport = {
  found: false,
  software: false,
  name: '',
  reason: 'nothing there',
  bufferBytes: 0,
};
const real: AdapterReport = {
  found: true,
  software: false,
  name: 'a card',
  reason: '',
  bufferBytes: 2 ** 30,
};
const soft: AdapterReport = { ...real, software: true, name: 'a driver', reason: 'on the CPU' };

const wishes: Wishes = {
  batch: 16,
  tolerance: undefined,
  recalibrate: false,
  calibration: undefined,
};

/** A machine on which time passes as `cost` says, and results come from small circuits. */
class Pretended implements Machine {
  clock = 0;
  runs = 0;
  opened: string[] = [];
  readonly #report: GpuReport;
  readonly #costs: { readonly cpu: (n: number) => number; readonly gpu: (n: number) => number };

  constructor(
    report: GpuReport,
    costs: { readonly cpu: (n: number) => number; readonly gpu: (n: number) => number },
  ) {
    this.#report = report;
    this.#costs = costs;
  }

  /** Programs of large circuits are not run for real. */
  #program(real: Program | undefined, circuitOf: Circuit, cost: number): Program {
    const spend = (): Float64Array => {
      this.clock += cost;
      this.runs++;
      return new Float64Array(2);
    };
    const own = {
      circuit: circuitOf,
      run: spend,
      vjp: spend,
      explain: () => ({ text: 'pretended', details: {} }),
      estimateMemory: () => 0,
      dispose: () => real?.dispose(),
      [Symbol.dispose]: () => real?.dispose(),
    };
    return own as unknown as Program;
  }

  async cpu(): Promise<Engine> {
    const engine = await cpu();
    const compile = (c: Circuit, m: Measurements, options?: CompileOptions): Program =>
      c.slots.length > 0
        ? this.#program(undefined, c, this.#costs.cpu(c.qubits))
        : engine.compile(c, m, options);
    return { ...methods(engine), compile } as unknown as Engine;
  }

  probe(): Promise<GpuReport> {
    return Promise.resolve(this.#report);
  }

  open(name: string): Promise<AsyncEngine> {
    this.opened.push(name);
    const compile = (c: Circuit): Program => {
      if (c.qubits > 20) throw new UnsupportedError('too large');
      return this.#program(undefined, c, this.#costs.gpu(c.qubits));
    };
    const capabilities = { maxQubits: 20 };
    return Promise.resolve({
      name,
      compile,
      capabilities,
      dispose: () => undefined,
    } as unknown as AsyncEngine);
  }

  now(): number {
    return this.clock;
  }
}

const methods = (engine: Engine): object => ({
  name: engine.name,
  capabilities: engine.capabilities,
  dispose: () => engine.dispose(),
});

const line = (qubits: number): Circuit =>
  circuit(qubits, (q) => {
    q.h(0).cnot(0, qubits - 1);
  });

/** The CPU's time doubles with a qubit, the GPU's is mostly the call. */
const card = () =>
  new Pretended(
    { webgpu: real, webgl2: none },
    { cpu: (n) => 2 ** n / 1000, gpu: (n) => 1 + 2 ** n / 100000 },
  );

describe('the crossover', () => {
  it('is where the times meet', () => {
    const at = (qubits: number, onCpu: number, gpu: number) => ({
      qubits,
      batch: 1,
      cpu: onCpu,
      gpu,
    });
    // Equal at 2^12: the GPU takes 4 from 1/4 to 16.
    expect(crossoverOf([at(8, 0.25, 4), at(16, 64, 4)])).toBe(12);
    expect(crossoverOf([at(4, 1, 2), at(8, 2, 3)])).toBeNull();
    expect(crossoverOf([at(4, 2, 1), at(8, 4, 1)])).toBe(4);
    // A size at which the CPU won by chance comes before the crossover.
    expect(crossoverOf([at(4, 2, 1), at(8, 1, 2), at(12, 9, 1)])).toBeGreaterThan(8);
    expect(crossoverOf([])).toBeNull();
  });
});

describe('the choice', () => {
  it('takes real adapters only, WebGPU before WebGL 2', () => {
    expect(candidate({ webgpu: real, webgl2: real })).toEqual({
      engine: 'wgsl',
      adapter: 'a card',
    });
    expect(candidate({ webgpu: soft, webgl2: real })).toMatchObject({ engine: 'gpujs' });
    expect(candidate({ webgpu: soft, webgl2: soft })).toEqual({
      none: 'WebGPU: on the CPU; WebGL 2: on the CPU',
    });
  });

  it('runs small circuits on the CPU and large ones on the GPU', async () => {
    const machine = card();
    const engine = await choose(machine, wishes);
    expect(machine.opened).toEqual(['wgsl']);
    expect(engine.calibration).toMatchObject({
      adapter: 'a card',
      engine: 'wgsl',
      batch: 16,
      crossover: 10,
    });
    expect(engine.reason).toBe(
      'The GPU (a card, engine wgsl) pays from 10 qubits on with 16 examples.',
    );
    expect(engine.explain(line(9)).details).toMatchObject({
      engine: 'cpu',
      preferred: 'gpu',
      crossover: 10,
    });
    expect(engine.explain(line(9)).text).toContain('With 9 qubits the CPU is faster.');
    expect(engine.explain(line(10)).details).toMatchObject({ engine: 'wgsl', adapter: 'a card' });
    expect(engine.compile(line(10), expval(Z(0))).explain().text).toBe(
      `${engine.reason} pretended`,
    );
    const small = await engine.compile(line(2), expval(Z(0).mul(Z(1)))).run();
    expect(small[0]).toBeCloseTo(1, 12);
    // What the GPU engine refuses runs on the CPU.
    expect(engine.explain(line(21)).details).toMatchObject({ engine: 'cpu' });
    expect(engine.explain(line(21)).text).toContain('refuses this circuit');
    engine.dispose();
  });

  it('measures once, again when asked, and never with a calibration that fits', async () => {
    const machine = card();
    const first = await choose(machine, wishes);
    const runs = machine.runs;
    expect(runs).toBeGreaterThan(0);
    const second = await choose(machine, wishes);
    expect(machine.runs).toBe(runs);
    expect(second.calibration).toBe(first.calibration);
    await choose(machine, { ...wishes, batch: 32 });
    expect(machine.runs).toBeGreaterThan(runs);
    const more = machine.runs;
    await choose(machine, { ...wishes, recalibrate: true });
    expect(machine.runs).toBeGreaterThan(more);

    const saved = JSON.parse(JSON.stringify({ ...first.calibration, crossover: 3 })) as never;
    const fresh = card();
    const third = await choose(fresh, { ...wishes, calibration: saved });
    expect(fresh.runs).toBe(0);
    expect(third.explain(line(3)).details['engine']).toBe('wgsl');
    await choose(fresh, { ...wishes, batch: 8, calibration: saved });
    expect(fresh.runs).toBeGreaterThan(0);
  });

  it('stays on the CPU where the GPU is slower, fails, or is none', async () => {
    const slow = new Pretended(
      { webgpu: none, webgl2: real },
      { cpu: (n) => 2 ** n / 1e6, gpu: (n) => 2 ** n / 1e5 },
    );
    const engine = await choose(slow, wishes);
    expect(slow.opened).toEqual(['gpujs']);
    expect(engine.reason).toContain('is slower than the CPU up to 20 qubits');
    expect(engine.explain(line(20)).details['engine']).toBe('cpu');

    const broken = card();
    broken.open = () => Promise.reject(new Error('no device'));
    const other = await choose(broken, wishes);
    expect(other.reason).toContain(
      'The GPU (a card) failed, so the CPU engine was chosen: no device',
    );
    expect(other.calibration).toBeUndefined();

    const software = new Pretended({ webgpu: soft, webgl2: none }, { cpu: () => 9, gpu: () => 1 });
    const last = await choose(software, wishes);
    expect(software.opened).toEqual([]);
    expect(last.reason).toContain('There is no GPU to compute on (WebGPU: on the CPU');
  });
});
