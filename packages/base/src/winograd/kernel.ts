import { valueType } from '../wasm/bytes.ts';
import { FunctionBuilder, encodeModule } from '../wasm/encoder.ts';
import { TILE, transposed, winogradMatrices } from './matrices.ts';
import type { Rows } from './matrices.ts';
import { TransformCode } from './transform.ts';

/** Bytes of a number of four images side by side; the lanes of all vectors here are images. */
const QUAD = 32;
/** Elements of a transformed tile. */
export const CELLS: number = TILE * TILE;

/** Sizes of a convolution in one direction of computing: `channels` go in, `filters` come out. */
export interface Sizes {
  readonly channels: number;
  readonly filters: number;
  readonly rows: number;
  readonly columns: number;
  /** Rows and columns of the window. */
  readonly window: readonly [number, number];
}

/** Where things are in a memory, in bytes. */
export interface Layout {
  /** Filters, rounded up to whole blocks of four. */
  readonly filters: number;
  readonly tileRows: number;
  readonly tileColumns: number;
  /** Results per tile, down and to the right. */
  readonly outputs: readonly [number, number];
  /** Tiles that are transformed before they are multiplied. */
  readonly block: number;
  /** Padded images, `[channels, imageRows, imageColumns]` quads. */
  readonly images: number;
  readonly imageRows: number;
  readonly imageColumns: number;
  /** Results or their gradients, `[filters, resultRows, resultColumns]` quads. */
  readonly results: number;
  readonly resultRows: number;
  readonly resultColumns: number;
  /** Transformed weights, `[cells, filters / 4, channels, 4]` doubles. */
  readonly weights: number;
  /** Transformed pixels, `[cells, block, channels]` quads, cells `pixelStep` bytes apart. */
  readonly pixels: number;
  readonly pixelStep: number;
  /** Transformed results, `[cells, block, filters]` quads, cells `productStep` bytes apart. */
  readonly products: number;
  readonly productStep: number;
  /** Gradients of transformed weights, `[cells, filters / 4, channels', 4]` vectors, channels' being even. */
  readonly sums: number;
  readonly scratch: number;
  readonly bytes: number;
}

/** Plans a memory. */
export function layoutOf({ channels, filters: wanted, rows, columns, window }: Sizes): Layout {
  const filters = (wanted + 3) & ~3;
  const outputs = [TILE + 1 - window[0], TILE + 1 - window[1]] as const;
  const tileRows = Math.ceil(rows / outputs[0]);
  const tileColumns = Math.ceil(columns / outputs[1]);
  const block = Math.min(4, tileRows * tileColumns);
  const imageRows = tileRows * outputs[0] + window[0] - 1;
  const imageColumns = tileColumns * outputs[1] + window[1] - 1;
  const resultRows = tileRows * outputs[0];
  const resultColumns = tileColumns * outputs[1];
  const evenChannels = (channels + 1) & ~1;
  // An odd number of cache lines, so that the cells of a tile do not compete for the same places of the cache.
  const step = (bytes: number): number => ((bytes + 63) & ~127) + 64;
  const pixelStep = step(block * channels * QUAD);
  const productStep = step(block * filters * QUAD);
  let bytes = 0;
  const room = (size: number): number => {
    const at = bytes;
    bytes = (bytes + size + 63) & ~63;
    return at;
  };
  return {
    filters,
    tileRows,
    tileColumns,
    outputs,
    block,
    images: room(channels * imageRows * imageColumns * QUAD),
    imageRows,
    imageColumns,
    results: room(filters * resultRows * resultColumns * QUAD),
    resultRows,
    resultColumns,
    weights: room(CELLS * filters * channels * 8),
    pixels: room(CELLS * pixelStep + QUAD),
    pixelStep,
    products: room(CELLS * productStep),
    productStep,
    sums: room(CELLS * filters * evenChannels * 16),
    scratch: room(CELLS * 16),
    bytes,
  };
}

/** The functions of a module. Addresses are in bytes. */
export interface WinogradFunctions {
  /** Transforms the pixels at an address of every channel into the place of a tile in the block. */
  input(from: number, tile: number): void;
  /** Multiplies the transformed pixels of the first `tiles` tiles with the transformed weights. */
  multiply(tiles: number): void;
  /** Transforms products of a tile of the block back into results at an address of the first filter. */
  output(tile: number, to: number): void;
  /** The adjoint of `output`: gradients of results into the place of a tile in the block. */
  spread(from: number, tile: number): void;
  /** Adds products of gradients and pixels of the first `tiles` tiles to the gradients of the weights. */
  accumulate(tiles: number): void;
}

/** Loads the functions for some sizes, with a memory of their own. */
export function loadWinograd(
  sizes: Sizes,
  layout: Layout,
  compile: (bytes: Uint8Array<ArrayBuffer>) => WebAssembly.Module,
): WinogradFunctions & { readonly memory: WebAssembly.Memory } {
  const [down, right] = [winogradMatrices(sizes.window[0]), winogradMatrices(sizes.window[1])];
  const { channels } = sizes;
  const { filters, imageRows, imageColumns, resultRows, resultColumns } = layout;
  const imagePlane = imageRows * imageColumns * QUAD;
  const resultPlane = resultRows * resultColumns * QUAD;
  const { pixels, pixelStep, products, productStep, scratch } = layout;
  const input = tileTransform({
    matrices: [down.input, right.input],
    count: channels,
    scratch,
    from: { step: [imageColumns * QUAD, QUAD], next: imagePlane, base: 0, slot: 0 },
    to: { step: [TILE * pixelStep, pixelStep], next: QUAD, base: pixels, slot: channels * QUAD },
  });
  const output = tileTransform({
    matrices: [down.output, right.output],
    count: filters,
    scratch,
    from: {
      step: [TILE * productStep, productStep],
      next: QUAD,
      base: products,
      slot: filters * QUAD,
    },
    to: { step: [resultColumns * QUAD, QUAD], next: resultPlane, base: 0, slot: 0 },
  });
  const spread = tileTransform({
    matrices: [transposed(down.output), transposed(right.output)],
    count: filters,
    scratch,
    from: { step: [resultColumns * QUAD, QUAD], next: resultPlane, base: 0, slot: 0 },
    to: {
      step: [TILE * productStep, productStep],
      next: QUAD,
      base: products,
      slot: filters * QUAD,
    },
  });
  const pages = Math.ceil(layout.bytes / 65536);
  const module = compile(
    encodeModule({
      functions: [
        { name: 'input', body: input },
        { name: 'multiply', body: multiplyKernel(channels, layout) },
        { name: 'output', body: output },
        { name: 'spread', body: spread },
        { name: 'accumulate', body: accumulateKernel(channels, layout) },
      ],
      memory: { minimum: pages },
    }),
  );
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  return { ...(exports as unknown as WinogradFunctions), memory };
}

/** One side of a transform, in bytes. `slot` times the number of the tile is added to `base` where there is one. */
interface Place {
  /** Distance of elements, down and to the right. */
  readonly step: readonly [number, number];
  /** Distance of planes (channels or filters). */
  readonly next: number;
  readonly base: number;
  readonly slot: number;
}

/** `(from, to)`, each an address or the number of a tile: `down · tile · rightᵀ` for every plane of a tile, two images at a time. */
function tileTransform(plan: {
  readonly matrices: readonly [Rows, Rows];
  readonly count: number;
  readonly scratch: number;
  readonly from: Place;
  readonly to: Place;
}): FunctionBuilder {
  const { i32, v128 } = valueType;
  const { matrices, count, scratch, from, to } = plan;
  const [down, right] = matrices;
  const f = new FunctionBuilder([i32, i32]);
  const read = 0;
  const write = 1;
  const left = f.local(i32);
  const half = f.local(i32);
  for (const [local, place] of [
    [read, from],
    [write, to],
  ] as const) {
    if (place.slot > 0)
      f.get(local).i32(place.slot).op('i32Mul').i32(place.base).op('i32Add').set(local);
  }
  const longest = Math.max(down[0]!.length, right[0]!.length);
  const inputs = Array.from({ length: longest }, () => f.local(v128));
  const code = new TransformCode(f, [down, right]);
  const columns = right[0]!.length;
  const advance = (local: number, bytes: number): FunctionBuilder =>
    f.get(local).i32(bytes).op('i32Add').set(local);

  f.i32(count).set(left).loop();
  f.i32(2).set(half).loop();
  for (let column = 0; column < columns; column++) {
    down[0]!.forEach((_, row) => {
      f.get(read)
        .load(row * from.step[0] + column * from.step[1])
        .set(inputs[row]!);
    });
    code.product(down, inputs.slice(0, down[0]!.length), (row, push) => {
      f.i32(0);
      push();
      f.store(scratch + 16 * (row * TILE + column));
    });
  }
  down.forEach((_, row) => {
    for (let column = 0; column < columns; column++)
      f.i32(0)
        .load(scratch + 16 * (row * TILE + column))
        .set(inputs[column]!);
    code.product(right, inputs.slice(0, columns), (column, push) => {
      f.get(write);
      push();
      f.store(row * to.step[0] + column * to.step[1]);
    });
  });
  advance(read, 16);
  advance(write, 16);
  f.get(half).i32(-1).op('i32Add').tee(half).brIf(0).op('end');
  advance(read, from.next - 32);
  advance(write, to.next - 32);
  f.get(left).i32(-1).op('i32Add').tee(left).brIf(0).op('end');
  return f;
}

/** `multiply(tiles)`: per cell, tile and four filters eight vectors of sums over the channels, in order. */
function multiplyKernel(channels: number, layout: Layout): FunctionBuilder {
  const { i32, v128 } = valueType;
  const { filters, weights, pixels, pixelStep, products, productStep } = layout;
  const f = new FunctionBuilder([i32]);
  const tiles = 0;
  const [cell, tile, block, left] = [f.local(i32), f.local(i32), f.local(i32), f.local(i32)];
  const [cellPixels, cellProducts, cellWeights] = [f.local(i32), f.local(i32), f.local(i32)];
  const [pixel, product, weight, here] = [f.local(i32), f.local(i32), f.local(i32), f.local(i32)];
  const sums = Array.from({ length: 8 }, () => f.local(v128));
  const [p0, p1, x] = [f.local(v128), f.local(v128), f.local(v128)];
  const advance = (local: number, bytes: number): FunctionBuilder =>
    f.get(local).i32(bytes).op('i32Add').set(local);
  const countDown = (local: number): FunctionBuilder =>
    f.get(local).i32(-1).op('i32Add').tee(local).brIf(0).op('end');
  const unroll = channels < 4 ? channels : channels % 4 === 0 ? 4 : channels % 2 === 0 ? 2 : 1;
  const loops = channels > unroll;

  f.i32(pixels).set(cellPixels).i32(products).set(cellProducts).i32(weights).set(cellWeights);
  f.i32(CELLS).set(cell).loop();
  f.get(cellPixels).set(pixel).get(cellProducts).set(product);
  f.get(tiles).set(tile).loop();
  f.get(cellWeights).set(weight);
  f.i32(filters / 4)
    .set(block)
    .loop();
  f.get(pixel).set(here);
  if (loops) {
    for (const sum of sums) f.f64x2(0).set(sum);
    f.i32(channels / unroll)
      .set(left)
      .loop();
  }
  for (let u = 0; u < unroll; u++) {
    f.get(here)
      .load(QUAD * u)
      .set(p0)
      .get(here)
      .load(QUAD * u + 16)
      .set(p1);
    for (let i = 0; i < 4; i++) {
      f.get(weight)
        .loadSplat(32 * u + 8 * i)
        .set(x);
      [p0, p1].forEach((p, h) => {
        const sum = sums[2 * i + h]!;
        if (!loops && u === 0) f.get(x).get(p).op('f64x2Mul').set(sum);
        else f.get(sum).get(x).get(p).op('f64x2Mul').op('f64x2Add').set(sum);
      });
    }
  }
  if (loops) advance(here, QUAD * unroll);
  advance(weight, 32 * unroll);
  if (loops) countDown(left);
  sums.forEach((sum, i) =>
    f
      .get(product)
      .get(sum)
      .store(16 * i),
  );
  advance(product, 4 * QUAD);
  countDown(block);
  advance(pixel, channels * QUAD);
  countDown(tile);
  advance(cellPixels, pixelStep);
  advance(cellProducts, productStep);
  advance(cellWeights, filters * channels * 8);
  countDown(cell);
  return f;
}

/** `accumulate(tiles)`: per cell, four filters and two channels eight vectors of sums over tiles and images. */
function accumulateKernel(channels: number, layout: Layout): FunctionBuilder {
  const { i32, v128 } = valueType;
  const { filters, pixels, pixelStep, products, productStep, sums: at } = layout;
  const f = new FunctionBuilder([i32]);
  const tiles = 0;
  const [cell, pair, block, left] = [f.local(i32), f.local(i32), f.local(i32), f.local(i32)];
  const [cellPixels, cellProducts, sum] = [f.local(i32), f.local(i32), f.local(i32)];
  const [pixel, product, firstProduct, firstPixel] = [
    f.local(i32),
    f.local(i32),
    f.local(i32),
    f.local(i32),
  ];
  const sums = Array.from({ length: 8 }, () => f.local(v128));
  const [p0, p1, x] = [f.local(v128), f.local(v128), f.local(v128)];
  const advance = (local: number, bytes: number): FunctionBuilder =>
    f.get(local).i32(bytes).op('i32Add').set(local);
  const countDown = (local: number): FunctionBuilder =>
    f.get(local).i32(-1).op('i32Add').tee(local).brIf(0).op('end');
  const pairs = (channels + 1) >> 1;

  f.i32(pixels).set(cellPixels).i32(products).set(cellProducts).i32(at).set(sum);
  f.i32(CELLS).set(cell).loop();
  f.get(cellProducts).set(firstProduct);
  f.i32(filters / 4)
    .set(block)
    .loop();
  f.get(cellPixels).set(firstPixel);
  f.i32(pairs).set(pair).loop();
  sums.forEach((local, i) =>
    f
      .get(sum)
      .load(16 * i)
      .set(local),
  );
  f.get(firstPixel).set(pixel).get(firstProduct).set(product);
  f.get(tiles).set(left).loop();
  for (const half of [0, 16]) {
    f.get(pixel)
      .load(half)
      .set(p0)
      .get(pixel)
      .load(QUAD + half)
      .set(p1);
    for (let i = 0; i < 4; i++) {
      f.get(product)
        .load(QUAD * i + half)
        .set(x);
      [p0, p1].forEach((p, h) => {
        const local = sums[2 * i + h]!;
        f.get(local).get(x).get(p).op('f64x2Mul').op('f64x2Add').set(local);
      });
    }
  }
  advance(pixel, channels * QUAD);
  advance(product, filters * QUAD);
  countDown(left);
  sums.forEach((local, i) =>
    f
      .get(sum)
      .get(local)
      .store(16 * i),
  );
  advance(sum, 128);
  advance(firstPixel, 2 * QUAD);
  countDown(pair);
  advance(firstProduct, 4 * QUAD);
  countDown(block);
  advance(cellPixels, pixelStep);
  advance(cellProducts, productStep);
  countDown(cell);
  return f;
}
