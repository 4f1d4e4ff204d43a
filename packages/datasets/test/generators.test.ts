import { circles, larTpc, twoMoons } from '@ketwork/datasets';
import type { Dataset, Particle } from '@ketwork/datasets';
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';

const PARTICLES: readonly Particle[] = ['muon', 'proton', 'pion', 'electron', 'neutron'];

/** Hash of the values rounded to 1e-9, so that a last-bit difference of the machine's sine does not matter. */
function fingerprint({ inputs, labels }: Dataset): string {
  const values = [...inputs].map((value) => Math.round(value * 1e9) + 0).join();
  return createHash('sha256').update(`${values};${labels.join()}`).digest('hex').slice(0, 16);
}

const image = (data: Dataset, i: number): Float64Array => {
  const pixels = data.inputShape[0]! * data.inputShape[1]!;
  return data.inputs.subarray(i * pixels, (i + 1) * pixels);
};

/** Column of the right-most lit pixel. */
function reach(pixels: Float64Array, size: number): number {
  let right = -1;
  pixels.forEach((value, p) => {
    if (value > 0.1) right = Math.max(right, p % size);
  });
  return right;
}

/** Number of connected regions, 8 neighbours. */
function regions(pixels: Float64Array, size: number): number {
  const left = new Set([...pixels.keys()].filter((p) => pixels[p]! > 0));
  let count = 0;
  for (const start of left) {
    count++;
    const stack = [start];
    while (stack.length > 0) {
      const p = stack.pop()!;
      if (!left.delete(p)) continue;
      for (const dy of [-1, 0, 1]) {
        for (const dx of [-1, 0, 1]) {
          const [x, y] = [(p % size) + dx, Math.floor(p / size) + dy];
          if (x >= 0 && x < size && y >= 0 && y < size) stack.push(y * size + x);
        }
      }
    }
  }
  return count;
}

/** Spread of the lit pixels across their main axis: root of the smaller eigenvalue of their covariance, in pixels. */
function width(pixels: Float64Array): number {
  const lit = [...pixels.keys()]
    .filter((p) => pixels[p]! > 0.1)
    .map((p) => [p % 16, Math.floor(p / 16)] as const);
  const mx = mean(lit.map(([x]) => x));
  const my = mean(lit.map(([, y]) => y));
  const xx = mean(lit.map(([x]) => (x - mx) ** 2));
  const yy = mean(lit.map(([, y]) => (y - my) ** 2));
  const xy = mean(lit.map(([x, y]) => (x - mx) * (y - my)));
  return Math.sqrt((xx + yy) / 2 - Math.hypot((xx - yy) / 2, xy));
}

const mean = (values: readonly number[]): number =>
  values.reduce((a, b) => a + b, 0) / values.length;
const of = (particle: Particle, count: number): Dataset =>
  larTpc({ particles: [particle], count, seed: 11 });
const each = <T>(data: Dataset, read: (pixels: Float64Array) => T): T[] =>
  Array.from({ length: data.size }, (_, i) => read(image(data, i)));

describe('larTpc', () => {
  test('frozen stream: does not change within a major version', () => {
    expect(fingerprint(larTpc({ particles: PARTICLES, count: 25, seed: 7 }))).toMatchInlineSnapshot(
      `"9ad45d7c5c4589bd"`,
    );
    expect(
      fingerprint(larTpc({ particles: PARTICLES, count: 10, size: 30, seed: 7 })),
    ).toMatchInlineSnapshot(`"db24e535e8af3611"`);
  });

  test('example i does not depend on the count, and seeds differ', () => {
    const few = larTpc({ particles: ['muon', 'electron'], count: 5, seed: 3 });
    const many = larTpc({ particles: ['muon', 'electron'], count: 40, seed: 3 });
    expect(few.inputs).toEqual(many.inputs.subarray(0, few.inputs.length));
    expect([...few.labels]).toEqual([0, 1, 0, 1, 0]);
    expect(larTpc({ particles: ['muon', 'electron'], count: 5, seed: 4 }).inputs).not.toEqual(
      few.inputs,
    );
  });

  test('pixels are 0 or between the threshold and the clip', () => {
    const { inputs } = larTpc({ particles: PARTICLES, count: 100, seed: 1 });
    expect(inputs.every((value) => value === 0 || (value >= 0.025 && value <= 1))).toBe(true);
    // The Bragg peak of protons reaches the clip; noise alone passes the threshold in 1.2 % of the pixels (2.5 sigma).
    expect(Math.max(...of('proton', 50).inputs)).toBe(1);
  });

  test('the particles have their shapes', () => {
    const muonReach = each(of('muon', 200), (pixels) => reach(pixels, 16));
    const protonReach = each(of('proton', 200), (pixels) => reach(pixels, 16));
    expect(mean(muonReach.map((x) => (x >= 14 ? 1 : 0)))).toBeGreaterThan(0.9);
    expect(mean(protonReach)).toBeLessThan(12.5);
    // Energy of the last quarter of a proton track is above that of its start: the brightest pixel lies late.
    const brightest = each(of('proton', 200), (pixels) => pixels.indexOf(Math.max(...pixels)) % 16);
    expect(mean(brightest.map((x, i) => (x >= protonReach[i]! - 3 ? 1 : 0)))).toBeGreaterThan(0.8);
    expect(mean(each(of('pion', 200), width))).toBeGreaterThan(
      1.5 * mean(each(of('muon', 200), width)),
    );
    // Kinks turn to higher rows only, and the track ends 4 pixels after: few pions cross the whole image.
    const rise = (pixels: Float64Array): number => {
      const lit = [...pixels.keys()].filter((p) => pixels[p]! > 0.1);
      const rows = (inside: (column: number) => boolean): number =>
        mean(lit.filter((p) => inside(p % 16)).map((p) => Math.floor(p / 16)));
      const right = Math.max(...lit.map((p) => p % 16));
      return rows((column) => column > right - 2) - rows((column) => column < 5);
    };
    expect(Math.abs(mean(each(of('muon', 200), rise)))).toBeLessThan(0.5);
    expect(mean(each(of('pion', 200), rise))).toBeGreaterThan(1);
    const pionReach = each(of('pion', 200), (pixels) => reach(pixels, 16));
    expect(mean(pionReach.map((x) => (x >= 14 ? 1 : 0)))).toBeLessThan(0.3);
    const lit = (pixels: Float64Array): number => pixels.filter((value) => value > 0.05).length;
    expect(mean(each(of('electron', 200), lit))).toBeGreaterThan(
      mean(each(of('muon', 200), lit)) + 3,
    );
    // 60 deposits of mean 0.35 and a stub of four steps make 22.4; some lies outside the image or above the clip.
    const energy = mean(
      each(of('electron', 200), (pixels) => 2 * pixels.reduce((a, b) => a + b, 0)),
    );
    expect(energy).toBeGreaterThan(16);
    expect(energy).toBeLessThan(22.4);
    const clean = (pixels: Float64Array): number =>
      regions(
        pixels.map((value) => (value > 0.1 ? value : 0)),
        16,
      );
    expect(mean(each(of('muon', 200), clean))).toBeLessThan(1.6);
    expect(mean(each(of('neutron', 200), clean))).toBeGreaterThan(2);
  });

  test('refuses options that do not fit', () => {
    expect(() =>
      larTpc({ particles: ['tau' as Particle], count: 1, seed: 1 }),
    ).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: larTpc: unknown particle "tau". Use muon, proton, pion, electron, neutron]`,
    );
    expect(() => larTpc({ particles: ['muon', 'muon'], count: 1, seed: 1 })).toThrow(
      '"muon" is given twice',
    );
    expect(() => larTpc({ particles: [], count: 1, seed: 1 })).toThrow(
      'the list of particles is empty',
    );
    expect(() => larTpc({ particles: ['muon'], count: 0, seed: 1 })).toThrow('count 0');
    expect(() => larTpc({ particles: ['muon'], size: 4, count: 1, seed: 1 })).toThrow('size 4');
    expect(() => larTpc({ particles: ['muon'], count: 1, seed: -1 })).toThrow('seed -1');
  });
});

describe('twoMoons and circles', () => {
  test('frozen stream: does not change within a major version', () => {
    expect(fingerprint(twoMoons({ count: 50, noise: 0.1, seed: 7 }))).toMatchInlineSnapshot(
      `"0bf0ee24332610f9"`,
    );
    expect(fingerprint(circles({ count: 50, noise: 0.1, seed: 7 }))).toMatchInlineSnapshot(
      `"6e8934a65238f32d"`,
    );
  });

  test('without noise every point lies on its curve', () => {
    const moons = twoMoons({ count: 101, seed: 1 });
    expect(moons.labels.reduce((a, b) => a + b, 0)).toBe(51);
    moons.labels.forEach((label, i) => {
      const [x, y] = [moons.inputs[2 * i]!, moons.inputs[2 * i + 1]!];
      if (label === 0) expect([Math.hypot(x, y), y >= 0]).toEqual([expect.closeTo(1, 12), true]);
      else expect([Math.hypot(x - 1, y - 0.5), y <= 0.5]).toEqual([expect.closeTo(1, 12), true]);
    });
    const rings = circles({ count: 100, factor: 0.3, seed: 1 });
    rings.labels.forEach((label, i) => {
      expect(Math.hypot(rings.inputs[2 * i]!, rings.inputs[2 * i + 1]!)).toBeCloseTo(
        label === 0 ? 1 : 0.3,
        12,
      );
    });
  });

  test('the set of points is that of scikit-learn', () => {
    // make_moons(6, shuffle=False), make_circles(4, shuffle=False, factor=0.5): from their definitions.
    const sorted = ({ inputs, labels }: Dataset): string[] =>
      [...labels]
        .map((label, i) =>
          `${label} ${inputs[2 * i]!.toFixed(6)} ${inputs[2 * i + 1]!.toFixed(6)}`.replaceAll(
            '-0.000000',
            '0.000000',
          ),
        )
        .sort();
    expect(sorted(twoMoons({ count: 6, seed: 5 }))).toEqual([
      '0 -1.000000 0.000000',
      '0 0.000000 1.000000',
      '0 1.000000 0.000000',
      '1 0.000000 0.500000',
      '1 1.000000 -0.500000',
      '1 2.000000 0.500000',
    ]);
    expect(sorted(circles({ count: 4, factor: 0.5, seed: 5 }))).toEqual([
      '0 -1.000000 0.000000',
      '0 1.000000 0.000000',
      '1 -0.500000 0.000000',
      '1 0.500000 0.000000',
    ]);
  });

  test('noise has the asked deviation and the order is shuffled', () => {
    const data = circles({ count: 2000, noise: 0.05, factor: 0.5, seed: 2 });
    const radial = [...data.labels].map(
      (label, i) =>
        Math.hypot(data.inputs[2 * i]!, data.inputs[2 * i + 1]!) - (label === 0 ? 1 : 0.5),
    );
    expect(Math.sqrt(mean(radial.map((r) => r * r)))).toBeGreaterThan(0.046);
    expect(Math.sqrt(mean(radial.map((r) => r * r)))).toBeLessThan(0.054);
    const firstHalf = mean([...data.labels.subarray(0, 1000)]);
    expect(Math.abs(firstHalf - 0.5)).toBeLessThan(0.08);
  });

  test('refuse options that do not fit', () => {
    expect(() => twoMoons({ count: 1, seed: 1 })).toThrow(
      'count 1 is not an integer of at least 2',
    );
    expect(() => twoMoons({ count: 10, noise: -1, seed: 1 })).toThrow('noise -1');
    expect(() => circles({ count: 10, factor: 1, seed: 1 })).toThrow('factor 1 is not a radius');
  });
});
