/** What this machine or page has to compute on besides the CPU. */
import { findAdapter, isSoftware } from './webgpu.ts';
import type { AdapterReport } from './webgpu.ts';

/** What {@link probeGpu} found, way by way. */
export interface GpuReport {
  /** WebGPU: in browsers that have it, and in Node with the package `webgpu`. */
  readonly webgpu: AdapterReport;
  /** WebGL 2: in browsers. */
  readonly webgl2: AdapterReport;
}

/**
 * Looks for GPUs. Nothing is installed, kept or changed, and nothing is thrown: what is missing is told as a reason.
 * A driver that computes on the CPU is found and marked as `software`; the engines refuse it unless forced.
 *
 * @example
 * ```ts
 * import { probeGpu } from '@ketwork/gpu';
 * const { webgpu, webgl2 } = await probeGpu();
 * console.log(webgpu.found && !webgpu.software ? webgpu.name : webgpu.reason);
 * console.log(webgl2.found);
 * ```
 */
export async function probeGpu(): Promise<GpuReport> {
  const found = await findAdapter();
  return { webgpu: 'adapter' in found ? found.report : found, webgl2: probeWebGl2() };
}

/** Looks for WebGL 2 with float textures to draw into. Never throws. */
function probeWebGl2(): AdapterReport {
  const nothing = (reason: string): AdapterReport => ({
    found: false,
    software: false,
    name: '',
    reason,
    bufferBytes: 0,
  });
  try {
    const context = canvas()?.getContext('webgl2');
    if (context === undefined) return nothing('WebGL 2 needs a browser');
    if (context === null) return nothing('this browser has no WebGL 2, or it is switched off');
    const floats = context.getExtension('EXT_color_buffer_float');
    const info = context.getExtension('WEBGL_debug_renderer_info');
    const name = String(context.getParameter(info?.UNMASKED_RENDERER_WEBGL ?? context.RENDERER));
    const side = Number(context.getParameter(context.MAX_TEXTURE_SIZE));
    context.getExtension('WEBGL_lose_context')?.loseContext();
    if (floats === null) return nothing(`WebGL 2 (${name}) cannot draw into float textures`);
    const software = isSoftware(name);
    return {
      found: true,
      software,
      name,
      reason: software ? `the renderer (${name}) computes on the CPU` : '',
      bufferBytes: 16 * side * side,
    };
  } catch (error) {
    return nothing(`WebGL 2 failed: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function canvas(): HTMLCanvasElement | OffscreenCanvas | undefined {
  if (typeof OffscreenCanvas === 'function') return new OffscreenCanvas(1, 1);
  return typeof document === 'object' ? document.createElement('canvas') : undefined;
}
