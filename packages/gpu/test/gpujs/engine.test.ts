import { EnvironmentError, KetworkError, UnsupportedError, ValueError } from '@ketwork/base';
import { circuit, counts, expval, input, samples, variance, weight, X, Z } from '@ketwork/circuit';
import { cpu } from '@ketwork/simulator';
import { expectClose } from '@ketwork/testing';
import { describe, expect, it } from 'vitest';
import type { AdapterReport } from '../../src/adapter/webgpu.ts';
import { choose, gpujs } from '../../src/gpujs/engine.ts';
import { loadLibrary } from '../../src/gpujs/library.ts';
import { noWebGpu } from '../software.ts';

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

describe('the mode', () => {
  it('is WebGPU, then WebGL 2, then the CPU, software left out', () => {
    expect(choose({ webgpu: real, webgl2: real }, undefined, false)).toEqual({
      mode: 'webgpu',
      reason: 'WebGPU on a card',
    });
    expect(choose({ webgpu: soft, webgl2: real }, undefined, false)).toEqual({
      mode: 'webgl2',
      reason: 'WebGL 2 on a card (WebGPU: on the CPU)',
    });
    expect(choose({ webgpu: none, webgl2: soft }, undefined, false)).toEqual({
      mode: 'cpu',
      reason:
        'no GPU was found, so the CPU engine runs (WebGPU: nothing there; WebGL 2: on the CPU)',
    });
    expect(choose({ webgpu: none, webgl2: soft }, undefined, true).mode).toBe('webgl2');
  });

  it('that was asked for is taken or refused', () => {
    expect(choose({ webgpu: real, webgl2: real }, 'webgl2', false).mode).toBe('webgl2');
    expect(() => choose({ webgpu: real, webgl2: none }, 'webgl2', true)).toThrow(UnsupportedError);
    expect(() => choose({ webgpu: soft, webgl2: none }, 'webgpu', false)).toThrow(/force: true/);
  });

  it('is checked', async () => {
    await expect(gpujs({ mode: 'cpu' as 'webgpu' })).rejects.toThrow(ValueError);
    await expect(gpujs({ fusion: 3 as 2 })).rejects.toThrow(ValueError);
  });
});

const turns = circuit(2, { x: input([]), w: weight([2]) }, (q, { x, w }) => {
  q.ry(x.at(), 0).cnot(0, 1).rx(w.at(0), 1).rz(w.at(1), 0).cnot(1, 0);
});
const values = { x: Float64Array.of(0.3, -1.2, 2.5), w: Float64Array.of(0.7, -0.4) };

describe('without a GPU', () => {
  it('our CPU engine runs', async () => {
    // A machine with a real GPU has another mode.
    const engine = await gpujs();
    const program = engine.compile(turns, expval(Z(0)));
    const exact = (await cpu()).compile(turns, expval(Z(0)));
    expectClose(await program.run(values), exact.run(values), 1e-5, 'run');
    const dy = Float64Array.of(1, 2, 3);
    const gradients = await program.vjp(values, dy);
    expectClose(gradients.w, exact.vjp(values, dy).w, 1e-5, 'vjp');
    const rows = await program.jacobian(values);
    expectClose(rows.w, exact.jacobian(values).w, 1e-5, 'jacobian');
    const stopped = AbortSignal.abort(new Error('enough'));
    await expect(program.run(values, { signal: stopped })).rejects.toThrow('enough');
    if (engine.mode === 'cpu') {
      expect(program.explain().text).toMatch(/^gpujs: no GPU was found, so the CPU engine runs/);
      expect(program.explain().details['engine']).toBe('cpu');
    }
    program.dispose();
    engine.dispose();
  });
});

describe.skipIf((await noWebGpu()) !== undefined)('gpujs on WebGPU', () => {
  const open = (options = {}) => gpujs({ mode: 'webgpu', force: true, ...options });
  it('leaves the GPU of the page alone, and lends navigator.gpu while it is open', async () => {
    const scope = globalThis as { GPU?: unknown; navigator: { gpu?: unknown } };
    const [native, entry] = [scope.GPU, scope.navigator.gpu];
    const engine = await open();
    expect(scope.GPU).toBe(native);
    expect(scope.navigator.gpu).toBeDefined();
    engine.dispose();
    await expect.poll(() => scope.navigator.gpu).toBe(entry);
  });

  it('draws the shots that the CPU engine draws', async () => {
    const engine = await open();
    const exact = await cpu();
    const measured = [samples(200), counts(300)] as const;
    const [bits, seen] = await engine.compile(turns, measured).run(values, { seed: 5 });
    const [wanted, expected] = exact.compile(turns, measured).run(values, { seed: 5 });
    expect(bits).toEqual(wanted);
    expect(seen).toEqual(expected);
    engine.dispose();
  });

  it('keeps plans by structure and size, and few that nobody holds', async () => {
    const engine = await open();
    const programs = [1, 2].map(() => engine.compile(turns, expval(Z(0))));
    for (const program of programs) {
      await program.run(values);
      await program.run({ x: [0.1, 0.2, 0.3, 0.4], w: [1, 2] });
    }
    // Three examples fill a plan for four.
    expect(engine.plans).toBe(1);
    await programs[0]!.run({ x: [0.1], w: [1, 2] });
    expect(engine.plans).toBe(2);
    for (const program of programs) program.dispose();
    for (let i = 0; i < 20; i++) {
      using program = engine.compile(
        circuit(1, { w: weight([]) }, (q, { w }) => {
          for (let k = 0; k <= i; k++) q.rx(w.at(), 0).rz(0.1, 0);
        }),
        i % 2 === 0 ? expval(Z(0)) : variance(X(0)),
      );
      await program.run({ w: [0.5] });
    }
    expect(engine.plans).toBeLessThanOrEqual(16);
    engine.dispose();
  });

  it('allocates nothing on the device in later steps', async () => {
    const engine = await open();
    const program = engine.compile(turns, expval(Z(0)));
    const dy = Float64Array.of(1, 1, 1);
    const { device } = await (await loadLibrary()).device();
    let made = 0;
    const create = device.createBuffer.bind(device);
    device.createBuffer = (descriptor) => {
      made++;
      return create(descriptor);
    };
    await program.run(values);
    await program.vjp(values, dy);
    const first = made;
    for (let step = 0; step < 100; step++) {
      await program.run(values);
      await program.vjp(values, dy);
    }
    expect(made).toBe(first);
    expect(first).toBeGreaterThan(0);
    device.createBuffer = create;
    engine.dispose();
  });

  it('refuses use after dispose, wrong values, and states that are too large', async () => {
    const engine = await open();
    expect(engine.capabilities.maxQubits).toBe(24);
    const large = circuit(25, (q) => {
      q.h(0);
    });
    expect(() => engine.compile(large, expval(Z(0)))).toThrow(KetworkError);
    const program = engine.compile(turns, expval(Z(0)));
    await expect(program.run({ x: [0], w: [1] })).rejects.toThrow(ValueError);
    const controller = new AbortController();
    const call = program.run(values, { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(call).rejects.toThrow('enough');
    expect(await program.run(values)).toHaveLength(3);
    program.dispose();
    await expect(program.run(values)).rejects.toThrow('disposed');
    engine.dispose();
    expect(() => engine.compile(turns, expval(Z(0)))).toThrow('disposed');
    const strict = await open({ tolerance: 1e-8 });
    expect(() => strict.compile(turns, expval(Z(0)))).toThrow(UnsupportedError);
    strict.dispose();
  });

  it('goes on with the CPU after the GPU has no room', async () => {
    const engine = await open();
    const { device } = await (await loadLibrary()).device();
    const push = device.pushErrorScope.bind(device);
    const pop = device.popErrorScope.bind(device);
    const scopes: string[] = [];
    device.pushErrorScope = (filter) => {
      scopes.push(filter);
      push(filter);
    };
    device.popErrorScope = async () => {
      const full = scopes.pop() === 'out-of-memory';
      const error = await pop();
      return full ? { message: 'no 3 GiB' } : error;
    };
    const program = engine.compile(turns, expval(Z(0)));
    await expect(program.run(values)).rejects.toThrow(EnvironmentError);
    device.pushErrorScope = push;
    device.popErrorScope = pop;
    const exact = (await cpu()).compile(turns, expval(Z(0)));
    expect(await program.run(values)).toEqual(exact.run(values));
    expect(program.explain().text).toContain('gpujs gave up (the GPU has no room left: no 3 GiB');
    // Others still have the GPU.
    const other = engine.compile(turns, expval(X(0)));
    await other.run(values);
    expect(other.explain().details['mode']).toBe('webgpu');
    engine.dispose();
  });

  it('goes on with the CPU after the device was lost, and new engines get a new one', async () => {
    const engine = await open();
    const program = engine.compile(turns, expval(Z(0)));
    const right = await program.run(values);
    (await (await loadLibrary()).device()).device.destroy();
    const failure = await program.run(values).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(EnvironmentError);
    expect(String(failure)).toContain('lost');
    expectClose(await program.run(values), right, 1e-6, 'run');
    const dy = Float64Array.of(1, 1, 1);
    const exact = (await cpu()).compile(turns, expval(Z(0)));
    expect((await program.vjp(values, dy)).w).toEqual(exact.vjp(values, dy).w);
    // What is compiled later goes to the CPU at once.
    const later = engine.compile(turns, expval(X(0)));
    await later.run(values);
    expect(later.explain().text).toContain('runs on the CPU engine');
    const again = await open();
    expectClose(await again.compile(turns, expval(Z(0))).run(values), right, 1e-6, 'run');
    again.dispose();
    engine.dispose();
  });
});
