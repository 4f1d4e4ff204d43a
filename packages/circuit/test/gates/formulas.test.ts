import { Complex } from 'complex.js';
import { expect, it } from 'vitest';
import { gate } from '../../src/index.ts';
import { distance } from './dense.ts';

// Matrices written out by hand from the definitions, so that signs and bit order do not rest on this package's own
// arithmetic.
const [a, b, c] = [0.7, -1.1, 2.3];
const exp = (angle: number): Complex => new Complex({ abs: 1, arg: angle });
const i = new Complex(0, 1);
const [cos, sin] = [Math.cos(a / 2), Math.sin(a / 2)];
const [cosB, sinB] = [Math.cos(b / 2), Math.sin(b / 2)];

const cases: readonly [string, readonly number[], string, readonly (number | Complex)[][]][] = [
  [
    'RX',
    [a],
    'X',
    [
      [cos, i.mul(-sin)],
      [i.mul(-sin), cos],
    ],
  ],
  [
    'RY',
    [a],
    'Y',
    [
      [cos, -sin],
      [sin, cos],
    ],
  ],
  [
    'RZ',
    [a],
    'Z',
    [
      [exp(-a / 2), 0],
      [0, exp(a / 2)],
    ],
  ],
  [
    'P',
    [a],
    'Z',
    [
      [1, 0],
      [0, exp(a)],
    ],
  ],
  [
    'Rot',
    [a, b, c],
    'I',
    [
      [exp(-(a + c) / 2).mul(cosB), exp((a - c) / 2).mul(-sinB)],
      [exp(-(a - c) / 2).mul(sinB), exp((a + c) / 2).mul(cosB)],
    ],
  ],
  [
    'U3',
    [a, b, c],
    'I',
    [
      [cos, exp(c).mul(-sin)],
      [exp(b).mul(sin), exp(b + c).mul(cos)],
    ],
  ],
  [
    'U2',
    [b, c],
    'I',
    [
      [Math.SQRT1_2, exp(c).mul(-Math.SQRT1_2)],
      [exp(b).mul(Math.SQRT1_2), exp(b + c).mul(Math.SQRT1_2)],
    ],
  ],
  ['GPhase', [a], '', [[exp(a)]]],
  [
    'CRY',
    [a],
    'II',
    [
      [1, 0, 0, 0],
      [0, 1, 0, 0],
      [0, 0, cos, -sin],
      [0, 0, sin, cos],
    ],
  ],
  [
    'CNOT',
    [],
    'II',
    [
      [1, 0, 0, 0],
      [0, 1, 0, 0],
      [0, 0, 0, 1],
      [0, 0, 1, 0],
    ],
  ],
  [
    'CY',
    [],
    'II',
    [
      [1, 0, 0, 0],
      [0, 1, 0, 0],
      [0, 0, 0, i.neg()],
      [0, 0, i, 0],
    ],
  ],
  [
    'ISWAP',
    [],
    'II',
    [
      [1, 0, 0, 0],
      [0, 0, i, 0],
      [0, i, 0, 0],
      [0, 0, 0, 1],
    ],
  ],
  [
    'ECR',
    [],
    'II',
    [
      [0, 0, 1, i],
      [0, 0, i, 1],
      [1, i.neg(), 0, 0],
      [i.neg(), 1, 0, 0],
    ].map((row) => row.map((x) => new Complex(x).mul(Math.SQRT1_2))),
  ],
  [
    'RXX',
    [a],
    'II',
    [
      [cos, 0, 0, i.mul(-sin)],
      [0, cos, i.mul(-sin), 0],
      [0, i.mul(-sin), cos, 0],
      [i.mul(-sin), 0, 0, cos],
    ],
  ],
  [
    'RYY',
    [a],
    'II',
    [
      [cos, 0, 0, i.mul(sin)],
      [0, cos, i.mul(-sin), 0],
      [0, i.mul(-sin), cos, 0],
      [i.mul(sin), 0, 0, cos],
    ],
  ],
  [
    'MultiRZ',
    [a],
    'ZZ',
    [
      [exp(-a / 2), 0, 0, 0],
      [0, exp(a / 2), 0, 0],
      [0, 0, exp(a / 2), 0],
      [0, 0, 0, exp(-a / 2)],
    ],
  ],
  // X on the first qubit, the most significant, and Z on the second.
  [
    'PauliRot',
    [a],
    'XZ',
    [
      [cos, 0, i.mul(-sin), 0],
      [0, cos, 0, i.mul(sin)],
      [i.mul(-sin), 0, cos, 0],
      [0, i.mul(sin), 0, cos],
    ],
  ],
];

it.each(cases)('%s(%j) %s is its formula', (name, angles, word, rows) => {
  const expected = rows.flat().flatMap((x) => [new Complex(x).re, new Complex(x).im]);
  expect(distance(gate(name).matrix(angles, word), expected)).toBeLessThan(1e-15);
});

it.each([
  ['Toffoli', [0, 1, 2, 3, 4, 5, 7, 6]],
  ['Fredkin', [0, 1, 2, 3, 4, 6, 5, 7]],
])('%s permutes basis states', (name, images) => {
  const matrix = gate(name).matrix([]);
  const found = images.map((_, column) =>
    images.findIndex((_row, row) => matrix[2 * (row * images.length + column)] === 1),
  );
  expect(found).toEqual(images);
});

it.each(['SX', 'S', 'T'])('%s is the root it is named for', (name) => {
  const root = gate(name).matrix([]);
  const [power, of] = name === 'T' ? [4, 'Z'] : [2, name === 'SX' ? 'X' : 'Z'];
  const entry = (m: ArrayLike<number>, k: number): Complex => new Complex(m[2 * k], m[2 * k + 1]);
  let product = [0, 1, 2, 3].map((k) => entry(root, k));
  for (let step = 1; step < power; step++) {
    product = [0, 1, 2, 3].map((k) => {
      const [row, column] = [k >> 1, k & 1];
      return product[2 * row]!.mul(entry(root, column)).add(
        product[2 * row + 1]!.mul(entry(root, 2 + column)),
      );
    });
  }
  expect(
    distance(
      product.flatMap((x) => [x.re, x.im]),
      gate(of).matrix([]),
    ),
  ).toBeLessThan(1e-15);
});
