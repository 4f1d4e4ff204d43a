/**
 * Copies a value so that it can be moved to another thread: typed arrays that view part of a larger buffer (or of
 * WebAssembly memory, which cannot move) get one of their own. With `keep`, whole arrays are copied too, for a sender that
 * goes on using them. Returns the copy and the buffers to move.
 */
export function movable(
  value: unknown,
  keep: boolean,
): { readonly value: unknown; readonly buffers: ArrayBuffer[] } {
  const buffers = new Set<ArrayBuffer>();
  const visit = (item: unknown): unknown => {
    if (ArrayBuffer.isView(item) && !(item instanceof DataView)) {
      const array = item as Float64Array | Uint8Array;
      const whole =
        array.buffer instanceof ArrayBuffer && array.byteLength === array.buffer.byteLength;
      const own = whole && !keep ? array : array.slice();
      if (own.byteLength > 0) buffers.add(own.buffer as ArrayBuffer);
      return own;
    }
    if (Array.isArray(item)) {
      return item.length > 0 && typeof item[0] === 'number' ? item : item.map(visit);
    }
    if (typeof item === 'object' && item !== null) {
      return Object.fromEntries(Object.entries(item).map(([name, part]) => [name, visit(part)]));
    }
    return item;
  };
  return { value: visit(value), buffers: [...buffers] };
}
