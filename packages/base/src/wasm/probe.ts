import { EnvironmentError } from '../errors.ts';
import { valueType } from './bytes.ts';
import { FunctionBuilder, encodeModule } from './encoder.ts';
import { widen } from './widen.ts';

/** What this machine's WebAssembly can do. */
export interface WasmFeatures {
  /** 128-bit SIMD (needed by the engine). */
  readonly simd: boolean;
  /** Relaxed SIMD with fused multiply-add. */
  readonly relaxedSimd: boolean;
  /** Shared memory, and with it threads, may be used. */
  readonly sharedMemory: boolean;
  /** Memory of more than 4 GiB, with 64-bit addresses. */
  readonly memory64: boolean;
}

let features: WasmFeatures | undefined;

/**
 * Finds out, once per process, which WebAssembly features there are, by validating tiny modules.
 *
 * @example
 * ```ts
 * import { wasmFeatures } from '@ketwork/base';
 * console.log(wasmFeatures().simd); // true
 * ```
 */
export function wasmFeatures(): WasmFeatures {
  if (features !== undefined) return features;
  const { v128 } = valueType;
  const valid = (body: FunctionBuilder): boolean =>
    typeof WebAssembly === 'object' &&
    WebAssembly.validate(encodeModule({ functions: [{ body }] }));
  const three = [v128, v128, v128];
  features = {
    simd: valid(new FunctionBuilder([v128, v128], [v128]).get(0).get(1).op('f64x2Add')),
    relaxedSimd: valid(
      new FunctionBuilder(three, [v128]).get(0).get(1).get(2).op('f64x2RelaxedMadd'),
    ),
    get sharedMemory(): boolean {
      return typeof SharedArrayBuffer === 'function' && globalThis.crossOriginIsolated !== false;
    },
    memory64: hasMemory64(),
  };
  return features;
}

/**
 * Compiles a module, turning a refusal by the page's content security policy into an error that names the directive.
 *
 * @throws EnvironmentError where WebAssembly is absent or forbidden.
 * @example
 * ```ts
 * import { compileWasm, encodeModule } from '@ketwork/base';
 * console.log(compileWasm(encodeModule({ functions: [] })) instanceof WebAssembly.Module); // true
 * ```
 */
export function compileWasm(bytes: Uint8Array<ArrayBuffer>): WebAssembly.Module {
  if (typeof WebAssembly !== 'object') {
    throw new EnvironmentError('this runtime has no WebAssembly', {
      remedy: 'Use a current browser, Node, Deno or Bun, or the reference engine',
    });
  }
  try {
    return new WebAssembly.Module(bytes);
  } catch (cause) {
    throw refusal(cause, 'compile a kernel');
  }
}

/**
 * Makes an instance of a module, with the errors of {@link compileWasm}: some browsers refuse here and not when compiling.
 *
 * @throws EnvironmentError where WebAssembly is forbidden, or an instance cannot be made.
 * @example
 * ```ts
 * import { compileWasm, encodeModule, instantiateWasm } from '@ketwork/base';
 * const { exports } = instantiateWasm(compileWasm(encodeModule({ functions: [] })));
 * console.log(Object.keys(exports)); // []
 * ```
 */
export function instantiateWasm(
  module: WebAssembly.Module,
  imports?: WebAssembly.Imports,
): WebAssembly.Instance {
  try {
    return new WebAssembly.Instance(module, imports);
  } catch (cause) {
    throw refusal(cause, 'make an instance of a kernel');
  }
}

/** What a failure of WebAssembly means; each browser has words of its own for a policy that forbids it. */
function refusal(cause: unknown, what: string): EnvironmentError {
  const text = String(cause);
  if (/unsafe-eval|Content Security Policy|blocked by CSP|disallowed by embedder/i.test(text)) {
    return new EnvironmentError("the page's content security policy forbids WebAssembly", {
      remedy:
        "Add 'wasm-unsafe-eval' to the script-src directive of its Content-Security-Policy header",
      cause,
    });
  }
  return new EnvironmentError(`WebAssembly could not ${what}: ${text}`, { cause });
}

/** Whether a memory takes 64-bit addresses; older engines ignore the word and give one with 32-bit addresses. */
function hasMemory64(): boolean {
  if (typeof WebAssembly !== 'object') return false;
  const body = new FunctionBuilder([valueType.i32], [valueType.f64]).get(0).f64Load();
  const bytes = encodeModule({
    functions: [{ name: 'load', body }],
    memory: { minimum: 1, widen },
  });
  if (!WebAssembly.validate(bytes)) return false;
  try {
    const memory = wideMemory(1);
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
    return (instance.exports['load'] as (at: bigint) => number)(0n) === 0;
  } catch {
    return false;
  }
}

/**
 * A memory with 64-bit addresses, of pages of 64 KiB.
 *
 * @throws RangeError or TypeError where the runtime has none.
 * @example
 * ```ts
 * import { wasmFeatures, wideMemory } from '@ketwork/base';
 * if (wasmFeatures().memory64) console.log(wideMemory(1).buffer.byteLength); // 65536
 * ```
 */
export function wideMemory(initial: number, maximum?: number): WebAssembly.Memory {
  const descriptor = {
    address: 'i64',
    initial: BigInt(initial),
    ...(maximum === undefined ? {} : { maximum: BigInt(maximum) }),
  };
  // TypeScript's library does not know 64-bit memories yet.
  return new WebAssembly.Memory(descriptor as unknown as WebAssembly.MemoryDescriptor);
}
