import { FunctionBuilder, compileWasm, encodeModule, valueType } from '@ketwork/base';
import { exactRounding, sincos } from '@ketwork/simulator/lowering';
import type { Term, TrigonometricForm } from './form.ts';

/**
 * A trigonometric polynomial at many points at once, in WebAssembly. A column is one number for each point, of length
 * `stride`, which is at least `points` and fills whole vectors. Points are worked on two in a vector, each like any other,
 * and every operation is rounded on its own, so that results have the same bits everywhere.
 */
export interface TrigonometricKernel {
  /** Numbers between the beginnings of two columns. */
  readonly stride: number;
  /** Angles, a column per element. What is behind the last point must be finite. */
  readonly angles: Float64Array;
  /** Values, or their cotangents, a column per output. Behind the last point cotangents are 0. */
  readonly outputs: Float64Array;
  /** Derivatives by the angles, a column per element. */
  readonly slopes: Float64Array;
  /** Coefficients of one polynomial after the other, those of each in the order of the terms and their outputs. */
  readonly coefficients: Float64Array;
  /** Their cotangents, of one polynomial, two numbers each, whose sum counts. */
  readonly cotangents: Float64Array;
  /** Reads the angles, for all that follows. */
  turn(): void;
  /** Fills `outputs` with the values of a polynomial. */
  evaluate(polynomial: number): void;
  /** Adds what a polynomial makes of the cotangents in `outputs` to `slopes`. */
  differentiate(polynomial: number): void;
  /** Fills `cotangents` with what the cotangents in `outputs` make of the coefficients. */
  project(): void;
}

/** Outputs, and sums, that are kept in registers at a time. */
const OUTPUTS = 4;
const SUMS = 10;

/**
 * Makes a kernel with a memory of its own.
 *
 * @throws EnvironmentError where the page forbids WebAssembly.
 */
export function trigonometricKernel(
  form: TrigonometricForm,
  points: number,
  polynomials: number,
): TrigonometricKernel {
  const elements = form.factors.length;
  const stride = 4 * Math.ceil(points / 4);
  const places = form.terms.reduce((sum, { outputs }) => sum + outputs.length, 0);
  let bytes = 0;
  const take = (numbers: number): number => {
    const at = bytes;
    bytes += 8 * numbers + ((8 * numbers) % 16);
    return at;
  };
  const layout: Layout = {
    stride,
    anglesAt: take(elements * stride),
    pairsAt: take(2 * elements * stride),
    outputsAt: take(form.outputs * stride),
    slopesAt: take(elements * stride),
    coefficientsAt: take(polynomials * places),
    cotangentsAt: take(2 * places),
  };
  const pages = Math.ceil(bytes / 65_536);
  const functions = [
    { name: 'sincos', body: sincos(exactRounding, false) },
    { name: 'evaluate', body: evaluateCode(form, layout) },
    { name: 'differentiate', body: differentiateCode(form, layout) },
    { name: 'project', body: projectCode(form, layout) },
  ];
  const module = compileWasm(encodeModule({ functions, memory: { minimum: pages } }));
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const call = exports as Record<string, (...values: number[]) => void>;
  const { sincos: turn, evaluate, differentiate, project } = call;
  const view = (at: number, length: number): Float64Array =>
    new Float64Array(memory.buffer, at, length);
  return {
    stride,
    angles: view(layout.anglesAt, elements * stride),
    outputs: view(layout.outputsAt, form.outputs * stride),
    slopes: view(layout.slopesAt, elements * stride),
    coefficients: view(layout.coefficientsAt, polynomials * places),
    cotangents: view(layout.cotangentsAt, 2 * places),
    turn: () => turn!(layout.anglesAt, layout.pairsAt, (elements * stride) / 2),
    evaluate: (polynomial) => evaluate!(8 * polynomial * places),
    differentiate: (polynomial) => differentiate!(8 * polynomial * places),
    project: () => project!(),
  };
}

/** Where in memory things begin, in bytes. */
interface Layout {
  readonly stride: number;
  readonly anglesAt: number;
  /** For each element and vector of points the vector of cosines, then that of sines. */
  readonly pairsAt: number;
  readonly outputsAt: number;
  readonly slopesAt: number;
  readonly coefficientsAt: number;
  readonly cotangentsAt: number;
}

/** A term's output with the place of its coefficient. */
interface Use {
  readonly monomial: number;
  readonly output: number;
  readonly place: number;
}

function usesOf(terms: readonly Term[]): Use[] {
  let place = 0;
  return terms.flatMap(({ monomial, outputs }) =>
    outputs.map((output) => ({ monomial, output, place: place++ })),
  );
}

/** Loads the cosine (digit 1) or sine (2) of an element's angle, `vector` vectors behind the one at `at`. */
function loadBasis(
  f: FunctionBuilder,
  at: number,
  layout: Layout,
  element: number,
  digit: number,
  vector = 0,
): FunctionBuilder {
  const offset = 16 * element * layout.stride + 32 * vector + (digit === 1 ? 0 : 16);
  return f.get(at).load(layout.pairsAt + offset);
}

/** Writes code that repeats for each `vectors` vectors of points; `at` counts in bytes of pairs, `to` in bytes of columns. */
function eachPoint(
  f: FunctionBuilder,
  { stride }: Layout,
  vectors: number,
  body: (at: number, to: number) => void,
): void {
  const at = f.local(valueType.i32);
  const to = f.local(valueType.i32);
  f.i32(0).set(at).i32(0).set(to).loop();
  body(at, to);
  f.get(at)
    .i32(32 * vectors)
    .op('i32Add')
    .set(at);
  f.get(to)
    .i32(16 * vectors)
    .op('i32Add')
    .tee(to);
  f.i32(8 * stride)
    .op('i32LtU')
    .brIf(0)
    .op('end');
}

/**
 * Writes the products of the uses' monomials, sharing what begins alike, for vectors of points side by side.
 *
 * @param leaf is given the locals that hold a product, undefined for the product 1
 */
function products(
  f: FunctionBuilder,
  elements: number,
  layout: Layout,
  at: number,
  vectors: number,
  uses: readonly Use[],
  leaf: (product: readonly number[] | undefined, uses: readonly Use[]) => void,
): void {
  const levels = Array.from({ length: elements }, () =>
    Array.from({ length: vectors }, () => f.local(valueType.v128)),
  );
  const visit = (
    element: number,
    product: readonly number[] | undefined,
    some: readonly Use[],
  ): void => {
    if (element === elements) {
      leaf(product, some);
      return;
    }
    const place = 3 ** (elements - 1 - element);
    for (const digit of [0, 1, 2]) {
      const own = some.filter(({ monomial }) => Math.floor(monomial / place) % 3 === digit);
      if (own.length === 0) continue;
      if (digit === 0) {
        visit(element + 1, product, own);
        continue;
      }
      const next = levels[element]!;
      next.forEach((local, v) => {
        loadBasis(f, at, layout, element, digit, v);
        if (product !== undefined) f.get(product[v]!).op('f64x2Mul');
        f.set(local);
      });
      visit(element + 1, next, own);
    }
  };
  visit(0, undefined, uses);
}

/** evaluate(bytes to the coefficients). */
function evaluateCode(
  { factors, outputs, terms }: TrigonometricForm,
  layout: Layout,
): FunctionBuilder {
  const { i32, v128 } = valueType;
  const f = new FunctionBuilder([i32]);
  const all = usesOf(terms);
  const coefficient = f.local(v128);
  for (let first = 0; first < outputs; first += OUTPUTS) {
    const some = Array.from({ length: Math.min(OUTPUTS, outputs - first) }, (_, m) => first + m);
    const sums = some.map(() => [f.local(v128), f.local(v128)] as const);
    eachPoint(f, layout, 2, (at, to) => {
      for (const local of sums.flat()) f.f64x2(0).set(local);
      const uses = all.filter(({ output }) => some.includes(output));
      products(f, factors.length, layout, at, 2, uses, (product, own) => {
        for (const { output, place } of own) {
          f.get(0)
            .loadSplat(layout.coefficientsAt + 8 * place)
            .set(coefficient);
          sums[output - first]!.forEach((sum, v) => {
            f.get(sum).get(coefficient);
            if (product !== undefined) f.get(product[v]!).op('f64x2Mul');
            f.op('f64x2Add').set(sum);
          });
        }
      });
      sums.forEach((pair, m) =>
        pair.forEach((sum, v) =>
          f
            .get(to)
            .get(sum)
            .store(layout.outputsAt + 8 * layout.stride * (first + m) + 16 * v),
        ),
      );
    });
  }
  return f;
}

/** project(): sums of products times cotangents over all points, some at a time. */
function projectCode({ factors, terms }: TrigonometricForm, layout: Layout): FunctionBuilder {
  const f = new FunctionBuilder([]);
  const all = usesOf(terms);
  const sums = all.slice(0, SUMS).map(() => f.local(valueType.v128));
  for (let first = 0; first < all.length; first += SUMS) {
    const uses = all.slice(first, first + SUMS);
    uses.forEach((_, u) => f.f64x2(0).set(sums[u]!));
    eachPoint(f, layout, 1, (at, to) =>
      products(f, factors.length, layout, at, 1, uses, (product, own) => {
        for (const { output, place } of own) {
          f.get(sums[place - first]!)
            .get(to)
            .load(layout.outputsAt + 8 * layout.stride * output);
          if (product !== undefined) f.get(product[0]!).op('f64x2Mul');
          f.op('f64x2Add').set(sums[place - first]!);
        }
      }),
    );
    uses.forEach(({ place }, u) =>
      f
        .i32(0)
        .get(sums[u]!)
        .store(layout.cotangentsAt + 16 * place),
    );
  }
  return f;
}

/**
 * differentiate(bytes to the coefficients): with G_k = Σ_m dy_m C_mk, the polynomial Σ_k G_k b_k is summed up element by
 * element from the last one; where the parts of an element's 1, cosine and sine meet, they are also its derivatives, times
 * what the elements before it contribute.
 */
function differentiateCode(
  { factors, outputs, terms }: TrigonometricForm,
  layout: Layout,
): FunctionBuilder {
  const { i32, v128 } = valueType;
  const f = new FunctionBuilder([i32]);
  const elements = factors.length;
  const vector = (): number => f.local(v128);
  const cotangents = Array.from({ length: outputs }, vector);
  const slopes = factors.map(() => [vector(), vector()] as const);
  const [prefixes, parts, sums] = [0, 1, 2].map(() => factors.map(vector)) as [
    number[],
    number[],
    number[],
  ];
  const leaf = vector();
  eachPoint(f, layout, 1, (at, to) => {
    cotangents.forEach((local, m) =>
      f
        .get(to)
        .load(layout.outputsAt + 8 * layout.stride * m)
        .set(local),
    );
    for (const local of slopes.flat()) f.f64x2(0).set(local);
    /** Sums up what follows the first digits of a monomial, into the local it returns. */
    const visit = (
      element: number,
      prefix: number | undefined,
      uses: readonly Use[],
      needed: boolean,
    ): number => {
      if (element === elements) {
        uses.forEach(({ output, place }, i) => {
          f.get(0)
            .loadSplat(layout.coefficientsAt + 8 * place)
            .get(cotangents[output]!)
            .op('f64x2Mul');
          if (i > 0) f.get(leaf).op('f64x2Add');
          f.set(leaf);
        });
        return leaf;
      }
      const place = 3 ** (elements - 1 - element);
      const sum = sums[element]!;
      const part = parts[element]!;
      let empty = true;
      for (const digit of [0, 1, 2] as const) {
        const own = uses.filter(({ monomial }) => Math.floor(monomial / place) % 3 === digit);
        if (own.length === 0) continue;
        let before = prefix;
        if (digit > 0) {
          before = prefixes[element]!;
          loadBasis(f, at, layout, element, digit);
          if (prefix !== undefined) f.get(prefix).op('f64x2Mul');
          f.set(before);
        }
        f.get(visit(element + 1, before, own, needed || digit > 0)).set(part);
        if (digit > 0) {
          const slope = slopes[element]![digit - 1]!;
          f.get(slope).get(part);
          if (prefix !== undefined) f.get(prefix).op('f64x2Mul');
          f.op('f64x2Add').set(slope);
        }
        if (!needed) continue;
        f.get(part);
        if (digit > 0) {
          loadBasis(f, at, layout, element, digit).op('f64x2Mul');
        }
        if (!empty) f.get(sum).op('f64x2Add');
        f.set(sum);
        empty = false;
      }
      return sum;
    };
    visit(0, undefined, usesOf(terms), false);
    slopes.forEach(([byCosine, bySine], element) => {
      const column = layout.slopesAt + 8 * layout.stride * element;
      f.get(to).get(to).load(column);
      loadBasis(f, at, layout, element, 1).get(bySine).op('f64x2Mul').op('f64x2Add');
      loadBasis(f, at, layout, element, 2).get(byCosine).op('f64x2Mul').op('f64x2Sub');
      f.store(column);
    });
  });
  return f;
}
