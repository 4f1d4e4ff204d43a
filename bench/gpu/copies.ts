// Copies by a device itself: what a pass over as many bytes can be compared with.
import type { Copies } from './bed.ts';

const COPY_SOURCE = 0x4;
const COPY_TARGET = 0x8;

/** From one array to another. */
export function copiesOnCpu(bytes: number): Copies {
  const from = new Float64Array(bytes / 8).fill(1);
  const to = new Float64Array(bytes / 8);
  return {
    run: (times) => {
      for (let i = 0; i < times; i++) to.set(from);
    },
    free: () => {},
  };
}

/** From one buffer to another. */
export function copiesOnWebGpu(device: GPUDevice, bytes: number): Copies {
  const size = Math.max(16, bytes);
  const from = device.createBuffer({ size, usage: COPY_SOURCE });
  const to = device.createBuffer({ size, usage: COPY_TARGET });
  return {
    run: async (times) => {
      const encoder = device.createCommandEncoder();
      for (let i = 0; i < times; i++) encoder.copyBufferToBuffer(from, 0, to, 0, size);
      device.queue.submit([encoder.finish()]);
      await device.queue.onSubmittedWorkDone();
    },
    free: () => {
      from.destroy();
      to.destroy();
    },
  };
}

/** From one texture of pairs to another, as wide as states are there. */
export function copiesOnWebGl2(bytes: number): Copies {
  const gl = new OffscreenCanvas(1, 1).getContext('webgl2');
  if (gl === null || gl.getExtension('EXT_color_buffer_float') === null)
    throw new Error('WebGL 2 cannot draw into float textures');
  const pairs = Math.max(1, bytes / 8);
  const width = Math.min(pairs, 1024);
  const height = Math.ceil(pairs / width);
  const frames = [gl.READ_FRAMEBUFFER, gl.DRAW_FRAMEBUFFER].map((place) => {
    const texture = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.texStorage2D(gl.TEXTURE_2D, 1, gl.RG32F, width, height);
    const frame = gl.createFramebuffer();
    gl.bindFramebuffer(place, frame);
    gl.framebufferTexture2D(place, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0);
    return { texture, frame };
  });
  const pixel = new Float32Array(4);
  return {
    run: (times) => {
      for (let i = 0; i < times; i++)
        gl.blitFramebuffer(
          ...([0, 0, width, height] as const),
          ...([0, 0, width, height] as const),
          gl.COLOR_BUFFER_BIT,
          gl.NEAREST,
        );
      // A read waits for what was sent before.
      gl.bindFramebuffer(gl.READ_FRAMEBUFFER, frames[1]!.frame);
      gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.FLOAT, pixel);
      gl.bindFramebuffer(gl.READ_FRAMEBUFFER, frames[0]!.frame);
    },
    free: () => {
      for (const { texture, frame } of frames) {
        gl.deleteTexture(texture);
        gl.deleteFramebuffer(frame);
      }
      gl.getExtension('WEBGL_lose_context')?.loseContext();
    },
  };
}
