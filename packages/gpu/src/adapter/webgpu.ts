/** Finding WebGPU: `navigator.gpu` in browsers and workers, the package `webgpu` (Dawn) in Node. */
import { EnvironmentError, UnsupportedError } from '@ketwork/base';

/** What a WebGPU adapter says of itself, and whether it is software. */
export interface AdapterReport {
  /** Whether an adapter was found. */
  readonly found: boolean;
  /** Whether it computes on the CPU (SwiftShader, llvmpipe, WARP): right, but never faster than the CPU engine. */
  readonly software: boolean;
  /** Vendor, architecture and driver as far as they are told; empty where nothing was found. */
  readonly name: string;
  /** Why nothing was found, or that the adapter is software; empty for a real one. */
  readonly reason: string;
  /** Bytes of the largest buffer a shader may use; 0 where nothing was found. */
  readonly bufferBytes: number;
}

/** An adapter with its report. */
export interface FoundAdapter {
  readonly adapter: GPUAdapter;
  readonly report: AdapterReport;
}

/** Names of drivers that compute on the CPU. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|softpipe|software|basic render|warp/i;

/** Whether an adapter's or a renderer's name is that of a driver that computes on the CPU. */
export const isSoftware = (name: string): boolean => SOFTWARE.test(name);

let dawn: Promise<GPU | undefined> | undefined;

/**
 * The entry to WebGPU, undefined where there is none. In Node the optional package `webgpu` is loaded on the first call;
 * nothing global is changed.
 */
export async function webGpu(): Promise<GPU | undefined> {
  const { navigator, process } = globalThis as {
    navigator?: { readonly gpu?: GPU };
    process?: { readonly versions?: { readonly node?: string } };
  };
  if (navigator?.gpu !== undefined) return navigator.gpu;
  if (process?.versions?.node === undefined) return undefined;
  dawn ??= loadDawn();
  return await dawn;
}

/** Whether WebGPU is Dawn in Node, which has to look for news from devices itself. */
export const looksForNews = (): boolean => dawn !== undefined;

async function loadDawn(): Promise<GPU | undefined> {
  try {
    // In a variable, so that bundlers for browsers do not look for it.
    const name = 'webgpu';
    const { create } = (await import(/* @vite-ignore */ name)) as {
      create(flags: string[]): GPU;
    };
    return create([]);
  } catch {
    return undefined;
  }
}

/** Asks for the fastest adapter. Never throws. */
export async function findAdapter(): Promise<FoundAdapter | AdapterReport> {
  const nothing = (reason: string): AdapterReport => ({
    found: false,
    software: false,
    name: '',
    reason,
    bufferBytes: 0,
  });
  try {
    const gpu = await webGpu();
    if (gpu === undefined) {
      return nothing(
        'navigator' in globalThis && 'document' in globalThis
          ? 'this browser has no WebGPU, or the page is not served over https'
          : "there is no WebGPU; in Node it comes with the package 'webgpu'",
      );
    }
    const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
    if (adapter === null) return nothing('WebGPU found no adapter: no driver, or it is blocked');
    const { vendor, architecture, device, description, isFallbackAdapter } = adapter.info;
    const parts = [vendor, architecture, device, description].filter((part) => part !== '');
    const name = [...new Set(parts)].join(' ');
    const software = isFallbackAdapter === true || isSoftware(name);
    const report: AdapterReport = {
      found: true,
      software,
      name,
      reason: software ? `the adapter (${name}) computes on the CPU` : '',
      bufferBytes: Math.min(
        adapter.limits.maxStorageBufferBindingSize,
        adapter.limits.maxBufferSize,
      ),
    };
    return { adapter, report };
  } catch (error) {
    return nothing(`WebGPU failed: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Options of everything that looks for an adapter. */
export interface AdapterOptions {
  /** Takes software adapters too, which are slower than the CPU engine: for tests. Default false. */
  readonly force?: boolean;
}

/**
 * An adapter to compute on.
 * @throws EnvironmentError where there is none; UnsupportedError for a software adapter that is not forced
 */
export async function requireAdapter({ force = false }: AdapterOptions): Promise<FoundAdapter> {
  const found = await findAdapter();
  if (!('adapter' in found)) {
    throw new EnvironmentError(`there is no GPU to compute on: ${found.reason}`, {
      remedy: 'Use cpu(), which runs every circuit that the GPU engines run',
    });
  }
  if (found.report.software && !force) {
    throw new UnsupportedError(`there is no GPU to compute on: ${found.report.reason}`, {
      remedy: 'Use cpu(), which is faster there; { force: true } takes the adapter for tests',
    });
  }
  return found;
}
