/** The buffers of a program: kept from run to run, and made anew only to grow. */
import { usage } from '../adapter/device.ts';
import type { Device } from '../adapter/device.ts';

/** A buffer's name and least size. */
export interface Wanted {
  readonly bytes: number;
  readonly usage: number;
}

/** Uses of the buffers of a program. */
export const uses: Readonly<
  Record<'uniform' | 'input' | 'output' | 'state' | 'work' | 'staging', number>
> = {
  uniform: usage.uniform | usage.copyTarget,
  input: usage.storage | usage.copyTarget,
  output: usage.storage | usage.copySource,
  state: usage.storage | usage.copyTarget,
  work: usage.storage,
  staging: usage.mapRead | usage.copyTarget,
};

/** Buffers by name. */
export class Buffers<Name extends string> {
  readonly #device: Device;
  readonly #held = new Map<Name, GPUBuffer>();
  /** Grows with every buffer that is made anew: what is bound to the old ones is void. */
  version = 0;

  constructor(device: Device) {
    this.#device = device;
  }

  /** Makes sure that each buffer holds so many bytes. Contents are lost where one grows. */
  async ensure(wanted: Readonly<Record<Name, Wanted>>): Promise<void> {
    const names = (Object.keys(wanted) as Name[]).filter(
      (name) => (this.#held.get(name)?.size ?? 0) < wanted[name].bytes,
    );
    if (names.length === 0) return;
    const old = names.flatMap((name) => this.#held.get(name) ?? []);
    for (const name of names) this.#held.delete(name);
    this.#device.free(old);
    this.version++;
    const made = await this.#device.allocate(names.map((name) => wanted[name]));
    names.forEach((name, i) => this.#held.set(name, made[i] as GPUBuffer));
  }

  get(name: Name): GPUBuffer {
    return this.#held.get(name) as GPUBuffer;
  }

  dispose(): void {
    this.#device.free([...this.#held.values()]);
    this.#held.clear();
    this.version++;
  }
}
