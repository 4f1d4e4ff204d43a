import { valueType } from './bytes.ts';
import { FunctionBuilder, encodeModule } from './encoder.ts';

/**
 * Copies (or adds) a rectangle of doubles, `rows` x `columns`, at least one of each. Addresses and steps are in bytes:
 * the distances between rows and between the elements of a row, where it is read and where it is written.
 */
type MoveRectangle = (
  from: number,
  to: number,
  rows: number,
  columns: number,
  fromRow: number,
  toRow: number,
  fromStep: number,
  toStep: number,
) => void;

/** The kernels on their memory. */
export interface WindowKernels {
  readonly memory: WebAssembly.Memory;
  readonly copy: MoveRectangle;
  readonly add: MoveRectangle;
}

/** Loads the kernels with one page of memory, which the caller grows. */
export function loadWindows(
  compile: (bytes: Uint8Array<ArrayBuffer>) => WebAssembly.Module,
): WindowKernels {
  const module = compile(
    encodeModule({
      functions: [
        { name: 'copy', body: moveKernel(false) },
        { name: 'add', body: moveKernel(true) },
      ],
      memory: { minimum: 1 },
    }),
  );
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  return { memory, copy: exports['copy'] as MoveRectangle, add: exports['add'] as MoveRectangle };
}

/** Rows of neighbours go two doubles, in bulk eight, at a time; all others one by one. */
function moveKernel(add: boolean): FunctionBuilder {
  const { i32 } = valueType;
  const f = new FunctionBuilder([i32, i32, i32, i32, i32, i32, i32, i32]);
  const [from, to, rows, columns, fromRow, toRow, fromStep, toStep] = [
    0, 1, 2, 3, 4, 5, 6, 7,
  ] as const;
  const read = f.local(i32);
  const write = f.local(i32);
  const left = f.local(i32);
  const dense = f.local(i32);
  const advance = (local: number, by: number): FunctionBuilder =>
    f.get(local).i32(by).op('i32Add').set(local);
  const pair = (offset: number): void => {
    f.get(write).get(read).load(offset);
    if (add) f.get(write).load(offset).op('f64x2Add');
    f.store(offset);
  };
  const single = (): void => {
    f.get(write).get(read).f64Load();
    if (add) f.get(write).f64Load().op('f64Add');
    f.f64Store();
  };
  /** Repeats while at least `count` elements of the row are left. */
  const whileLeft = (count: number, body: () => void): void => {
    f.block().loop().get(left).i32(count).op('i32LtU').brIf(1);
    body();
    advance(left, -count).br(0).op('end').op('end');
  };

  f.get(fromStep).get(toStep).op('i32Or').i32(8).op('i32Eq').set(dense);
  f.loop();
  f.get(from).set(read).get(to).set(write).get(columns).set(left);
  f.get(dense).if();
  for (const count of [8, 2]) {
    whileLeft(count, () => {
      for (let i = 0; i < count; i += 2) pair(8 * i);
      advance(read, 8 * count);
      advance(write, 8 * count);
    });
  }
  f.op('end');
  whileLeft(1, () => {
    single();
    f.get(read).get(fromStep).op('i32Add').set(read);
    f.get(write).get(toStep).op('i32Add').set(write);
  });
  f.get(from).get(fromRow).op('i32Add').set(from);
  f.get(to).get(toRow).op('i32Add').set(to);
  f.get(rows).i32(-1).op('i32Add').tee(rows).brIf(0);
  f.op('end');
  return f;
}
