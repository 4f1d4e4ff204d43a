/** Bytes of instructions, the core and SIMD ones. Codes: WebAssembly core specification 3.0, section 5.4. */

/** Instructions without immediate operands, by their usual names. */
export const plain = {
  i32Eqz: [0x45],
  i32Eq: [0x46],
  i32Ne: [0x47],
  i32LtU: [0x49],
  i32GeU: [0x4f],
  i32Add: [0x6a],
  i32Sub: [0x6b],
  i32Mul: [0x6c],
  i32And: [0x71],
  i32Or: [0x72],
  i32Xor: [0x73],
  i32Shl: [0x74],
  i32ShrU: [0x76],
  i32Ctz: [0x68],
  i32Popcnt: [0x69],
  i32WrapI64: [0xa7],
  i64ExtendI32U: [0xad],
  i64Mul: [0x7e],
  i64Or: [0x84],
  i64Shl: [0x86],
  f64Neg: [0x9a],
  i64ShrU: [0x88],
  f64ConvertI64S: [0xb9],
  f64Add: [0xa0],
  f64Mul: [0xa2],
  drop: [0x1a],
  select: [0x1b],
  ret: [0x0f],
  end: [0x0b],
  else: [0x05],
  i64x2Splat: [0xfd, 18],
  i32x4Splat: [0xfd, 17],
  f64x2Splat: [0xfd, 20],
  i32x4Eq: [0xfd, 55],
  f32x4Gt: [0xfd, 68],
  f64x2Gt: [0xfd, 74],
  f64x2Ge: [0xfd, 76],
  v128Not: [0xfd, 77],
  v128And: [0xfd, 78],
  v128Or: [0xfd, 80],
  v128Xor: [0xfd, 81],
  v128Bitselect: [0xfd, 82],
  f32x4DemoteF64x2Zero: [0xfd, 94],
  f64x2PromoteLowF32x4: [0xfd, 95],
  i32x4Shl: [0xfd, 0xab, 0x01],
  i32x4ShrU: [0xfd, 0xad, 0x01],
  i32x4Add: [0xfd, 0xae, 0x01],
  f32x4Abs: [0xfd, 0xe0, 0x01],
  f32x4Neg: [0xfd, 0xe1, 0x01],
  f32x4Add: [0xfd, 0xe4, 0x01],
  f32x4Sub: [0xfd, 0xe5, 0x01],
  f32x4Mul: [0xfd, 0xe6, 0x01],
  f32x4Div: [0xfd, 0xe7, 0x01],
  f32x4RelaxedMadd: [0xfd, 0x85, 0x02],
  f32x4RelaxedNmadd: [0xfd, 0x86, 0x02],
  f64x2Nearest: [0xfd, 0x94, 0x01],
  i64x2Add: [0xfd, 0xce, 0x01],
  i64x2Shl: [0xfd, 0xcb, 0x01],
  i64x2ShrU: [0xfd, 0xcd, 0x01],
  i64x2Eq: [0xfd, 0xd6, 0x01],
  f64x2Abs: [0xfd, 0xec, 0x01],
  f64x2Neg: [0xfd, 0xed, 0x01],
  f64x2Sqrt: [0xfd, 0xef, 0x01],
  f64x2Add: [0xfd, 0xf0, 0x01],
  f64x2Sub: [0xfd, 0xf1, 0x01],
  f64x2Mul: [0xfd, 0xf2, 0x01],
  f64x2Div: [0xfd, 0xf3, 0x01],
  f64x2RelaxedMadd: [0xfd, 0x87, 0x02],
  f64x2RelaxedNmadd: [0xfd, 0x88, 0x02],
} as const;

/** First bytes of instructions with operands, and those operands that are always the same. */
export const code = {
  block: [0x02, 0x40],
  loop: [0x03, 0x40],
  if: [0x04, 0x40],
  vector: [0xfd, 12],
  shuffle: [0xfd, 13],
  load: [0xfd, 0, 4],
  loadSplat: [0xfd, 10, 3],
  loadSplat32: [0xfd, 9, 2],
  store: [0xfd, 11, 4],
  i32Load: [0x28, 2],
  f64Load: [0x2b, 3],
  i32Store: [0x36, 2],
  f64Store: [0x39, 3],
} as const;

/**
 * The bytes of an instruction without immediate operands, for `append` of {@link FunctionBuilder}.
 *
 * @example
 * ```ts
 * import { instruction } from '@ketwork/base';
 * console.log(instruction('i32Add')); // [106]
 * ```
 */
export const instruction = (name: PlainInstruction): readonly number[] => plain[name];

/** Names of the instructions that take no immediate operand. */
export type PlainInstruction = keyof typeof plain;
