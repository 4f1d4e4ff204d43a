import { afterEach, describe, expect, it, vi } from 'vitest';
import { EnvironmentError, compileWasm, encodeModule, wasmFeatures } from '../../src/index.ts';

afterEach(() => vi.unstubAllGlobals());

describe('wasmFeatures', () => {
  it('finds SIMD on every runtime that is supported, and answers the same again', () => {
    expect(wasmFeatures().simd).toBe(true);
    expect(wasmFeatures()).toBe(wasmFeatures());
  });
});

describe('compileWasm', () => {
  const bytes = encodeModule({ functions: [] });

  it('names the directive where a content security policy forbids WebAssembly', () => {
    vi.stubGlobal('WebAssembly', {
      Module: class {
        constructor() {
          throw new Error(
            "Refused to compile: violates the following Content Security Policy directive: 'unsafe-eval'",
          );
        }
      },
    });
    expect(() => compileWasm(bytes)).toThrow(EnvironmentError);
    expect(() => compileWasm(bytes)).toThrowErrorMatchingInlineSnapshot(
      `[EnvironmentError: the page's content security policy forbids WebAssembly. Add 'wasm-unsafe-eval' to the script-src directive of its Content-Security-Policy header]`,
    );
  });

  it('says so where there is no WebAssembly', () => {
    vi.stubGlobal('WebAssembly', undefined);
    expect(() => compileWasm(bytes)).toThrow(/no WebAssembly/);
  });

  it('wraps other failures', () => {
    expect(() => compileWasm(new Uint8Array([1, 2, 3]))).toThrow(/could not compile/);
  });
});
