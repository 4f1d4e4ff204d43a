import { FunctionBuilder, compileWasm, encodeModule, valueType } from '@ketwork/base';

/** Functions on rows of doubles in one memory; places are in bytes, sizes in numbers, neither rows nor sizes are 0. */
export interface RowKernel {
  readonly memory: WebAssembly.Memory;
  /** Adds the squared norm of each of `rows` rows to the numbers at `out`. */
  readonly squares: (grad: number, size: number, rows: number, out: number) => void;
  /** Adds `rows` rows, times their factors and in their order, to the row at `sum`. */
  readonly add: (sum: number, grad: number, factors: number, size: number, rows: number) => void;
}

let module: WebAssembly.Module | undefined;

/** Loads the functions with a memory of so many bytes. @throws EnvironmentError or RangeError where that cannot be had. */
export function loadRowKernel(bytes: number): RowKernel {
  module ??= compileWasm(
    encodeModule({
      functions: [
        { name: 'squares', body: squaresBody() },
        { name: 'add', body: addBody() },
      ],
      memory: { minimum: 1 },
    }),
  );
  const pages = Math.ceil(bytes / 65536);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const { squares, add } = exports as unknown as RowKernel;
  return { memory, squares, add };
}

/** (grad, size, rows, out). Four sums per row, as in plain JavaScript: every fourth number, the odd ones at the end to the first. */
function squaresBody(): FunctionBuilder {
  const { i32, f64, v128 } = valueType;
  const f = new FunctionBuilder([i32, i32, i32, i32]);
  const [at, size, rows, out] = [0, 1, 2, 3];
  const [bulk, end, stop] = [f.local(i32), f.local(i32), f.local(i32)];
  const [left, right, x] = [f.local(v128), f.local(v128), f.local(v128)];
  const [first, one] = [f.local(f64), f.local(f64)];
  f.get(out).get(rows).i32(3).op('i32Shl').op('i32Add').set(stop);
  f.loop();
  f.get(at).get(size).i32(-4).op('i32And').i32(3).op('i32Shl').op('i32Add').set(bulk);
  f.get(at).get(size).i32(3).op('i32Shl').op('i32Add').set(end);
  f.f64x2(0).tee(left).set(right);
  f.block().get(at).get(bulk).op('i32GeU').brIf(0).loop();
  for (const [sum, offset] of [
    [left, 0],
    [right, 16],
  ] as const)
    f.get(sum).get(at).load(offset).tee(x).get(x).op('f64x2Mul').op('f64x2Add').set(sum);
  f.get(at).i32(32).op('i32Add').tee(at).get(bulk).op('i32LtU').brIf(0).op('end').op('end');
  f.get(left).f64x2Lane(0).set(first);
  f.block().get(at).get(end).op('i32GeU').brIf(0).loop();
  f.get(first).get(at).f64Load().tee(one).get(one).op('f64Mul').op('f64Add').set(first);
  f.get(at).i32(8).op('i32Add').tee(at).get(end).op('i32LtU').brIf(0).op('end').op('end');
  f.get(out).get(out).f64Load();
  f.get(first).get(left).f64x2Lane(1).op('f64Add');
  f.get(right).f64x2Lane(0).get(right).f64x2Lane(1).op('f64Add').op('f64Add');
  f.op('f64Add').f64Store();
  return f.get(out).i32(8).op('i32Add').tee(out).get(stop).op('i32LtU').brIf(0).op('end');
}

/** (sum, grad, factors, size, rows). A few columns at once, whose sums stay in registers while the rows pass by. */
function addBody(): FunctionBuilder {
  const { i32, f64, v128 } = valueType;
  const f = new FunctionBuilder([i32, i32, i32, i32, i32]);
  const [sum, grad, factors, size, rows] = [0, 1, 2, 3, 4];
  const [end, stop, row, factor, stride] = [
    f.local(i32),
    f.local(i32),
    f.local(i32),
    f.local(i32),
    f.local(i32),
  ];
  const sums = [f.local(v128), f.local(v128), f.local(v128), f.local(v128)] as const;
  const x = f.local(v128);
  const one = f.local(f64);
  f.get(size).i32(3).op('i32Shl').tee(stride).get(sum).op('i32Add').set(end);
  f.get(factors).get(rows).i32(3).op('i32Shl').op('i32Add').set(stop);
  /** The rows in their order; `body` adds some columns of one. */
  const eachRow = (body: () => void): void => {
    f.get(grad).set(row).get(factors).set(factor).loop();
    body();
    f.get(row).get(stride).op('i32Add').set(row);
    f.get(factor).i32(8).op('i32Add').tee(factor).get(stop).op('i32LtU').brIf(0).op('end');
  };
  for (const vectors of [sums, sums.slice(0, 1)]) {
    const bytes = 16 * vectors.length;
    f.block().loop();
    f.get(end).get(sum).i32(bytes).op('i32Add').op('i32LtU').brIf(1);
    vectors.forEach((vector, i) =>
      f
        .get(sum)
        .load(16 * i)
        .set(vector),
    );
    eachRow(() => {
      f.get(factor).loadSplat().set(x);
      vectors.forEach((vector, i) => {
        f.get(vector).get(x).get(row);
        f.load(16 * i)
          .op('f64x2Mul')
          .op('f64x2Add')
          .set(vector);
      });
    });
    vectors.forEach((vector, i) =>
      f
        .get(sum)
        .get(vector)
        .store(16 * i),
    );
    f.get(grad).i32(bytes).op('i32Add').set(grad).get(sum).i32(bytes).op('i32Add').set(sum);
    f.br(0).op('end').op('end');
  }
  f.block().get(sum).get(end).op('i32GeU').brIf(0);
  f.get(sum).f64Load().set(one);
  eachRow(() => {
    f.get(one).get(factor).f64Load().get(row).f64Load().op('f64Mul').op('f64Add').set(one);
  });
  return f.get(sum).get(one).f64Store().op('end');
}
