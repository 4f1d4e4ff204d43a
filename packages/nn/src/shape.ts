import { ValueError } from '@ketwork/base';
import type { Shape } from './map.ts';

/** A shape as messages show it. */
export function shapeText(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

/** Whether two shapes are the same. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, i) => size === b[i]);
}

/** Row-major distance between neighbours along each axis. */
export function stridesOf(shape: Shape): number[] {
  const strides: number[] = [];
  let stride = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= shape[i]!;
  }
  return strides;
}

/** Refuses shapes with anything but positive integers. */
export function checkShape(shape: Shape, what: string): void {
  for (const axis of shape) checkPositive(axis, `an axis of ${what}`);
}

/** Refuses anything but a positive integer. */
export function checkPositive(value: number, what: string): void {
  if (!Number.isSafeInteger(value) || value < 1)
    throw new ValueError(`${what} is ${String(value)}, not a positive integer`);
}

/** Whether a result is a promise. */
export function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return (
    value instanceof Promise || (typeof value === 'object' && value !== null && 'then' in value)
  );
}
