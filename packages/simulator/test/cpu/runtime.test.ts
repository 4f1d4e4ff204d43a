import { encodeModule } from '@ketwork/base';
import { describe, expect, it } from 'vitest';
import { exactRounding } from '../../src/cpu/arithmetic.ts';
import { runtime, runtimeFunctions } from '../../src/cpu/runtime.ts';

const memory = new WebAssembly.Memory({ initial: 4 });
const doubles = new Float64Array(memory.buffer);
const names = Object.keys(runtime);
const { exports } = new WebAssembly.Instance(
  new WebAssembly.Module(
    encodeModule({
      functions: runtimeFunctions(exactRounding).map((write, i) => ({
        name: names[i]!,
        body: write(),
      })),
      memory: { minimum: 1 },
    }),
  ),
  { env: { memory } },
);
const call = (name: keyof typeof runtime, ...args: number[]): void =>
  (exports[name] as (...a: number[]) => void)(...args);

describe('sincos', () => {
  it('is within one unit in the last place of 1 of the library functions', () => {
    let worst = 0;
    for (let block = 0; block < 2000; block++) {
      const angles = [block * 0.0137 - 13, (block - 1000) * 97.31];
      doubles.set(angles, 0);
      call('sincos', 0, 64, 1);
      angles.forEach((angle, lane) => {
        worst = Math.max(
          worst,
          Math.abs(doubles[8 + lane]! - Math.cos(angle)),
          Math.abs(doubles[10 + lane]! - Math.sin(angle)),
        );
      });
    }
    expect(worst).toBeLessThan(2.3e-16);
  });

  it('is exact at zero and close at quarter turns', () => {
    doubles.set([0, Math.PI], 0);
    call('sincos', 0, 64, 1);
    expect([...doubles.subarray(8, 12)]).toEqual([1, -1, 0, Math.sin(Math.PI)]);
  });
});

describe('sincos in single precision', () => {
  it('is within 1.2e-7 of the library functions, in all four lanes', () => {
    const single = new WebAssembly.Memory({ initial: 1 });
    const bodies = runtimeFunctions({ precision: 'f32', fused: false }).map((write) => write());
    const parts = {
      functions: bodies.map((body, i) => ({ name: names[i]!, body })),
      memory: { minimum: 1 },
    };
    const { exports: own } = new WebAssembly.Instance(new WebAssembly.Module(encodeModule(parts)), {
      env: { memory: single },
    });
    const run = (name: string, ...args: number[]): void =>
      (own[name] as (...a: number[]) => void)(...args);
    const [angles, numbers] = [new Float64Array(single.buffer), new Float32Array(single.buffer)];
    let worst = 0;
    const check = (lane: number, angle: number): void => {
      worst = Math.max(
        worst,
        Math.abs(numbers[16 + lane]! - Math.cos(angle)),
        Math.abs(numbers[20 + lane]! - Math.sin(angle)),
      );
    };
    for (let block = 0; block < 2000; block++) {
      const given = [block * 0.0137 - 13, (block - 1000) * 97.31, block * 0.5, -block * 1e-3];
      angles.set(given, 0);
      run('sincos', 0, 64, 1);
      given.forEach((angle, lane) => check(lane, angle));
      angles.set([given[1]!, given[1]!], 0);
      run('turnPhases', 0, 64, 1);
      for (let lane = 0; lane < 4; lane++) check(lane, given[1]!);
    }
    expect(worst).toBeLessThan(1.2e-7);
  });
});

describe('walshHadamard', () => {
  it.each([1, 2, 4, 8, 16])('of %i values equals the sum over signs', (count) => {
    const values = Array.from({ length: count }, (_, i) => ((7 * i * i) % 11) - 4);
    values.forEach((value, i) => doubles.set([value, 2 * value], 2 * i));
    call('walshHadamard', 0, 16 * values.length, 16 * (values.length - 1));
    for (let mask = 0; mask < values.length; mask++) {
      let sum = 0;
      values.forEach((value, i) => {
        const ones = (i & mask).toString(2).replaceAll('0', '').length;
        sum += ones % 2 === 0 ? value : -value;
      });
      expect([doubles[2 * mask], doubles[2 * mask + 1]]).toEqual([sum, 2 * sum]);
    }
  });

  it('transforms only the bits asked for', () => {
    const values = Array.from({ length: 16 }, (_, i) => ((5 * i * i) % 13) - 6);
    values.forEach((value, i) => doubles.set([value, -value], 2 * i));
    call('walshHadamard', 0, 16 * 16, 16 * 0b1101);
    for (let index = 0; index < 16; index++) {
      let sum = 0;
      values.forEach((value, i) => {
        if (((i ^ index) & 0b0010) !== 0) return;
        const ones = (i & index & 0b1101).toString(2).replaceAll('0', '').length;
        sum += ones % 2 === 0 ? value : -value;
      });
      expect([doubles[2 * index], 0 - doubles[2 * index + 1]!]).toEqual([sum, sum]);
    }
  });
});

describe('clear', () => {
  it.each([16, 4080, 4096, 8192])('clears %i bytes and no more', (bytes) => {
    doubles.fill(7, 0, 2048);
    call('clear', 0, bytes);
    expect(doubles.subarray(0, bytes / 8).every((x) => x === 0)).toBe(true);
    expect(doubles[bytes / 8]).toBe(7);
  });
});
