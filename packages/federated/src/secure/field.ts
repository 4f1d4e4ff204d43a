import type { RandomSource } from './random.ts';

/**
 * Order of the group of the curve P-256 (FIPS 186-5, SP 800-186): a prime, and the field of the shares, so that a secret
 * key of the curve is one element.
 */
export const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** Bytes of one element, big-endian. */
export const SCALAR_BYTES = 32;

/** The element that 32 big-endian bytes stand for, or undefined where they are no element. */
export function scalarOf(bytes: Uint8Array): bigint | undefined {
  let value = 0n;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i < SCALAR_BYTES; i += 8) value = (value << 64n) | view.getBigUint64(i);
  return value < ORDER ? value : undefined;
}

/** 32 big-endian bytes of an element. */
export function bytesOf(scalar: bigint): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(SCALAR_BYTES);
  const view = new DataView(bytes.buffer);
  for (let i = SCALAR_BYTES - 8; i >= 0; i -= 8) {
    view.setBigUint64(i, scalar & 0xffffffffffffffffn);
    scalar >>= 64n;
  }
  return bytes;
}

/** A uniform element: draws that are no element are thrown away, so that none is likelier than another. */
export function randomScalar(random: RandomSource): bigint {
  for (;;) {
    const scalar = scalarOf(random.bytes(SCALAR_BYTES));
    if (scalar !== undefined) return scalar;
  }
}

/** The non-negative remainder. */
export function modulo(value: bigint): bigint {
  const rest = value % ORDER;
  return rest < 0n ? rest + ORDER : rest;
}

/** Multiplicative inverse, by the extended algorithm of Euclid. */
export function inverse(value: bigint): bigint {
  let [r0, r1] = [ORDER, modulo(value)];
  let [t0, t1] = [0n, 1n];
  while (r1 !== 0n) {
    const quotient = r0 / r1;
    [r0, r1] = [r1, r0 - quotient * r1];
    [t0, t1] = [t1, t0 - quotient * t1];
  }
  return modulo(t0);
}
