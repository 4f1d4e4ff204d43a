import { circuit, input, probabilities, weight } from '@ketwork/circuit';
import { cpu, reference } from '@ketwork/simulator';
import { expect, test } from 'vitest';
import { documentOf } from '../src/circuit/document.ts';
import { examples } from '../src/circuit/examples.ts';
import { Live, lifted, withoutFinalMeasurements } from '../src/circuit/live.ts';
import { listed } from '../src/circuit/results.ts';
import { pack, unpack } from '../src/circuit/share.ts';
import { numberLabel } from '../src/circuit/marks.ts';
import { readAngle } from '../src/ui/angles.ts';
import { duration, fixed } from '../src/ui/numbers.ts';

test('results are those of the reference, with one program for all angles', async () => {
  const engine = await cpu();
  const compile = engine.compile.bind(engine);
  let compiled = 0;
  engine.compile = ((...given: Parameters<typeof compile>) => {
    compiled++;
    return compile(...given);
  }) as typeof engine.compile;
  const live = new Live(engine);
  for (const angle of [0.3, 1.1, -2]) {
    const document = documentOf(
      circuit(2, (q) =>
        q
          .rx(angle, 0)
          .crz(angle / 2, 0, 1)
          .ry(1, 1),
      ),
    );
    const { probabilities: found, bloch, amplitudes } = live.run(document);
    const wanted = reference().compile(document.circuit, probabilities()).run();
    wanted.forEach((p, i) => expect(found[i]).toBeCloseTo(p, 12));
    expect(bloch[2]).toBeCloseTo(Math.cos(angle), 12);
    expect(Math.hypot(amplitudes![0]!, amplitudes![1]!) ** 2).toBeCloseTo(found[0]!, 12);
  }
  expect(compiled).toBe(1);
});

test('final measurements are left out, others make a mixture', async () => {
  const live = new Live(await cpu());
  const final = live.run(documentOf(circuit(1, (q) => q.h(0).measure(0, 0))));
  expect(final.beforeMeasurement).toBe(true);
  expect(final.bloch[0]).toBeCloseTo(1, 12);
  expect(final.bits![1]).toBeCloseTo(0.5, 12);
  const mixed = live.run(documentOf(circuit(1, (q) => q.h(0).measure(0, 0).h(0))));
  expect(mixed.amplitudes).toBeUndefined();
  expect(Math.hypot(...mixed.bloch)).toBeCloseTo(0, 12);
  const { ops } = circuit(2, (q) => q.measure(0, 0).measure(1, 0));
  // The first one is written over, so that leaving it out changes nothing but keeps its qubit as it was.
  expect(withoutFinalMeasurements(ops)).toEqual([]);
});

test('angles that are slots stay slots', () => {
  const slots = { x: input([2]), w: weight() };
  const one = circuit(2, slots, (q, { x, w }) => q.rx(x.at(1), 0).ry(0.4, 1).rz(w, 1).rx(-1, 0));
  const { circuit: structure, angles } = lifted(one);
  expect(angles).toEqual([0.4, -1]);
  expect(structure.slots.map((slot) => slot.shape)).toEqual([[2], [], [2]]);
});

test('an address holds every example, and refuses what is none', async () => {
  for (const { make } of examples) {
    const document = make();
    const text = await pack(document);
    expect(text).toMatch(/^[\w-]+$/);
    expect(text.length).toBeLessThan(1200);
    expect(await unpack(text)).toEqual(document);
  }
  for (const bad of [
    '',
    '%',
    'abcd',
    await packed('{"qubits":99}'),
    await packed('[]'),
    await packed('null'),
  ]) {
    await expect(unpack(bad), bad).rejects.toMatchObject({ code: /FORMAT|CIRCUIT|UNSUPPORTED/ });
  }
  // A few bytes that unpack to a hundred megabytes.
  await expect(unpack(await packed(' '.repeat(1e8)))).rejects.toThrow(/holds no circuit/);
});

async function packed(text: string): Promise<string> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream('deflate-raw'));
  return Buffer.from(await new Response(stream).arrayBuffer()).toString('base64url');
}

test('angles are read as people write them', () => {
  expect(readAngle('pi/4')).toBeCloseTo(Math.PI / 4, 15);
  expect(readAngle(' −3π/2 ')).toBeCloseTo(-1.5 * Math.PI, 15);
  expect(readAngle('0,5')).toBe(0.5);
  expect(readAngle('-1e-3 + 2')).toBeCloseTo(1.999, 15);
  expect(readAngle('arccos(1/3)')).toBeCloseTo(Math.acos(1 / 3), 15);
  for (const bad of ['', 'two', '1) q; x(', '1/0', 'q', '1;'])
    expect(readAngle(bad), bad).toBeUndefined();
  for (const value of [0, 0.25, -Math.PI, (3 * Math.PI) / 8, 7]) {
    expect(readAngle(numberLabel(value))).toBeCloseTo(value, 12);
  }
});

test('numbers keep their width, lists their length', () => {
  expect([fixed(-1e-9, 2), fixed(-0.5, 2), duration(0.0123), duration(1234)]).toEqual([
    '0.00',
    '−0.50',
    '12.3 µs',
    '1.23 s',
  ]);
  const p = new Float64Array(64).fill(0.001);
  p[40] = 0.9;
  expect(listed(p)).toHaveLength(16);
  expect(listed(p)).toContain(40);
  expect(listed([0.5, 0.5])).toEqual([0, 1]);
});
