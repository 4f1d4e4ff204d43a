import {
  angle,
  circuit,
  cpu,
  differentiate,
  expval,
  input,
  probeGpu,
  weight,
  wgsl,
  X,
  Z,
} from 'ketwork';
import { expectClose, useSoftwareGpu } from '@ketwork/testing';
import { describe, expect, it } from 'vitest';

useSoftwareGpu();
const { webgpu } = await probeGpu();
if (!webgpu.found) console.warn(`skipped: ${webgpu.reason}`);

describe.skipIf(!webgpu.found)('methods of differentiation on wgsl', () => {
  it('give the gradients of the CPU engine', async () => {
    using engine = await wgsl({ force: true });
    using exact = await cpu();
    const ansatz = circuit(3, { x: input([3]), w: weight([2, 3, 3]) }, (q, { x, w }) => {
      q.angleEmbedding(x).stronglyEntanglingLayers(w);
      q.rx(angle.mul(0.5, x.at(0)), 2);
    });
    const values = {
      x: Float64Array.from({ length: 12 }, (_, i) => Math.sin(i)),
      w: Float64Array.from({ length: 18 }, (_, i) => Math.cos(i)),
    };
    const measured = expval(Z(0), X(1).mul(Z(2)));
    const dy = Float64Array.from({ length: 8 }, (_, i) => i - 3);
    using adjoint = differentiate(exact, ansatz, measured);
    const want = adjoint.vjp(values, dy);
    for (const method of ['best', 'parameter-shift'] as const) {
      using program = differentiate(engine, ansatz, measured, { method });
      expect(program.method).toBe(method === 'best' ? 'adjoint' : method);
      const gradients = await program.vjp(values, dy);
      expectClose(gradients.w, want.w, 1e-4, `${method}, w`);
      expectClose(gradients.x, want.x, 1e-4, `${method}, x`);
    }
  });
});
