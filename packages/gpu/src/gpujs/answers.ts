// Whether a WebGL context still computes. When the driver or the browser's GPU process ends, reads give zeros without an
// error, and `isContextLost` tells of it only later.

/** Clears one pixel and reads it back, which takes as long as the device needs to finish. */
export function answers(gl: WebGL2RenderingContext): boolean {
  if (gl.isContextLost()) return false;
  const before = gl.getParameter(gl.FRAMEBUFFER_BINDING) as WebGLFramebuffer | null;
  const target = gl.createRenderbuffer();
  const frame = gl.createFramebuffer();
  const pixel = new Uint8Array(4);
  gl.bindFramebuffer(gl.FRAMEBUFFER, frame);
  gl.bindRenderbuffer(gl.RENDERBUFFER, target);
  gl.renderbufferStorage(gl.RENDERBUFFER, gl.RGBA8, 1, 1);
  gl.framebufferRenderbuffer(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.RENDERBUFFER, target);
  gl.clearBufferfv(gl.COLOR, 0, [1, 1, 1, 1]);
  gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);
  gl.bindRenderbuffer(gl.RENDERBUFFER, null);
  gl.bindFramebuffer(gl.FRAMEBUFFER, before);
  gl.deleteFramebuffer(frame);
  gl.deleteRenderbuffer(target);
  return pixel.every((channel) => channel === 255);
}
