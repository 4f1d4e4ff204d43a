import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  EnvironmentError,
  compileWasm,
  encodeModule,
  instantiateWasm,
  wasmFeatures,
} from '../../src/index.ts';

afterEach(() => vi.unstubAllGlobals());

describe('wasmFeatures', () => {
  it('finds SIMD on every runtime that is supported, and answers the same again', () => {
    expect(wasmFeatures().simd).toBe(true);
    expect(wasmFeatures()).toBe(wasmFeatures());
  });
});

describe('compileWasm', () => {
  const bytes = encodeModule({ functions: [] });

  it.each([
    "Refused to compile: violates the following Content Security Policy directive: 'unsafe-eval'",
    'call to WebAssembly.Module() blocked by CSP',
  ])('names the directive where a content security policy forbids WebAssembly', (words) => {
    vi.stubGlobal('WebAssembly', {
      Module: class {
        constructor() {
          throw new Error(words);
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

describe('instantiateWasm', () => {
  it('names the directive where a browser refuses instances only', () => {
    const module = compileWasm(encodeModule({ functions: [] }));
    vi.stubGlobal('WebAssembly', {
      Instance: class {
        constructor() {
          throw new Error("'unsafe-eval' is not an allowed source of script");
        }
      },
    });
    expect(() => instantiateWasm(module)).toThrow(EnvironmentError);
    expect(() => instantiateWasm(module)).toThrow(/wasm-unsafe-eval/);
  });

  it('wraps other failures', () => {
    const module = compileWasm(encodeModule({ functions: [], memory: { minimum: 1 } }));
    expect(() => instantiateWasm(module)).toThrow(/could not make an instance/);
  });
});
