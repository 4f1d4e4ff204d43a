import { EnvironmentError, UnsupportedError } from '@ketwork/base';
import { describe, expect, it } from 'vitest';
import { probeGpu } from '@ketwork/gpu';
import { Device, usage } from '../../src/adapter/device.ts';
import { isSoftware, requireAdapter } from '../../src/adapter/webgpu.ts';
import { noWebGpu } from '../software.ts';

const missing = await noWebGpu();

it('tells drivers that compute on the CPU by their names', () => {
  for (const name of ['google swiftshader', 'llvmpipe (LLVM 15)', 'Microsoft Basic Render Driver'])
    expect(isSoftware(name)).toBe(true);
  for (const name of ['nvidia ampere', 'apple metal-3', 'intel gen-12lp'])
    expect(isSoftware(name)).toBe(false);
});

it('reports both ways with a reason for what is missing', async () => {
  const { webgpu, webgl2 } = await probeGpu();
  expect(webgl2.found).toBe(false);
  expect(webgl2.reason).toContain('browser');
  expect(webgpu.found).toBe(missing === undefined);
  expect(webgpu.found && !webgpu.software ? '' : webgpu.reason).toBe(webgpu.reason);
  expect(globalThis).not.toHaveProperty('GPUBufferUsage');
});

describe.skipIf(missing !== undefined)('a device on a software adapter', () => {
  it('is refused unless forced', async () => {
    const found = await requireAdapter({ force: true });
    if (!found.report.software) return;
    await expect(requireAdapter({})).rejects.toThrow(UnsupportedError);
    await expect(requireAdapter({})).rejects.toThrow(/cpu\(\)/);
  });

  it('turns failures into typed errors and stays usable', async () => {
    const device = await Device.open(await requireAdapter({ force: true }));
    const layout = device.gpu.createPipelineLayout({ bindGroupLayouts: [] });
    await expect(device.pipeline('fn main() { let x: f32 = 1u; }', 'main', layout)).rejects.toThrow(
      EnvironmentError,
    );
    const tooMuch = [{ bytes: device.limits.maxBufferSize + 16, usage: usage.storage }];
    await expect(device.allocate(tooMuch)).rejects.toThrow(/MiB/);
    expect(device.buffers).toBe(0);
    const [buffer] = await device.allocate([{ bytes: 20, usage: usage.storage }]);
    expect([device.buffers, device.bytes]).toEqual([1, 32]);
    device.free([buffer!]);
    expect([device.buffers, device.bytes]).toEqual([0, 0]);
    const code = '@compute @workgroup_size(1) fn main() {}';
    await device.pipeline(code, 'main', layout);
    device.dispose();
    await device.gpu.lost;
    expect(() => device.check()).toThrow(EnvironmentError);
    await expect(device.allocate([{ bytes: 16, usage: usage.storage }])).rejects.toThrow(/lost/);
  });
});
