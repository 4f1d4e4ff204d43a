/**
 * Modules are linked from parts. Functions that call no others, kernels above all, are compiled in packs that all programs
 * of the process share: a new circuit finds most of its kernels compiled, and optimised by the WebAssembly engine where
 * they have run before. Its own module holds only the order of calls.
 */
import { ByteWriter, compileWasm, encodeModule } from '@ketwork/base';
import type { FunctionBuilder, ModuleParts } from '@ketwork/base';
import type { EngineMemory } from './memory.ts';

/** A function to link; those with a name are exported. */
export interface LinkedFunction {
  readonly name?: string;
  readonly body: FunctionBuilder;
}

/** A module with the functions it takes from packs. */
export interface LinkedModule {
  readonly module: WebAssembly.Module;
  readonly imports: readonly PackedFunction[];
  /** Bytes of the module and of the functions it takes. */
  readonly codeBytes: number;
}

/** A function of a pack. */
interface PackedFunction {
  readonly pack: WebAssembly.Module;
  readonly name: string;
}

/** Module and packs kept for reuse, each. */
const CACHE_LIMIT = 256;

const modules = new Map<string, WebAssembly.Module>();

/** Compiles the module bytes, or takes the module of equal bytes from the process-wide cache. */
function compileCached(bytes: Uint8Array<ArrayBuffer>): WebAssembly.Module {
  const id = textOf(bytes);
  const module = modules.get(id) ?? compileWasm(bytes);
  // Last in the order of use.
  modules.delete(id);
  modules.set(id, module);
  if (modules.size > CACHE_LIMIT) modules.delete(modules.keys().next().value as string);
  return module;
}

/** Numbers as the characters of a text. */
export function textOf(bytes: Uint8Array | Uint16Array): string {
  let text = '';
  // Spreading the numbers takes ten times as long, and so does a decoder that has not been optimised yet.
  for (let i = 0; i < bytes.length; i += 8192)
    text += Reflect.apply(String.fromCharCode, undefined, bytes.subarray(i, i + 8192));
  return text;
}

/** Functions in packs, by signature and code, and the packs in the order of use. */
const packed = new Map<string, PackedFunction>();
const packs = new Map<WebAssembly.Module, readonly string[]>();
const ids = new WeakMap<FunctionBuilder, string>();

function idOf(body: FunctionBuilder): string {
  let id = ids.get(body);
  if (id === undefined) {
    const code = new ByteWriter();
    body.encode(code);
    id = `${body.parameters.join()}:${body.results.join()}:${textOf(code.bytes())}`;
    ids.set(body, id);
  }
  return id;
}

/** Takes functions from packs; a pack is made of those that are in none. */
function takePacked(bodies: readonly FunctionBuilder[]): PackedFunction[] {
  const missing = new Map<string, FunctionBuilder>();
  for (const body of bodies) if (!packed.has(idOf(body))) missing.set(idOf(body), body);
  if (missing.size > 0) {
    const functions = [...missing.values()].map((body, i) => ({ name: `${i}`, body }));
    const pack = compileWasm(encodeModule({ functions, memory: { minimum: 1 } }));
    packs.set(pack, [...missing.keys()]);
    [...missing.keys()].forEach((id, i) => packed.set(id, { pack, name: `${i}` }));
  }
  const found = bodies.map((body) => packed.get(idOf(body)) as PackedFunction);
  for (const pack of new Set(found.map((f) => f.pack))) {
    const inside = packs.get(pack) as readonly string[];
    packs.delete(pack);
    packs.set(pack, inside);
  }
  for (const [pack, inside] of packs) {
    if (packs.size <= CACHE_LIMIT) break;
    packs.delete(pack);
    for (const id of inside) packed.delete(id);
  }
  return found;
}

/**
 * Compiles functions, which call each other by their place in the list, leaving out what no exported one reaches.
 *
 * @param whole keep all in one module: calls from one module to another take nanoseconds, which show where a kernel does
 * hardly more
 * @param memory which the functions work on; other ones than the engine's small memory take whole modules
 */
export function link(
  functions: readonly LinkedFunction[],
  whole: boolean,
  memory: NonNullable<ModuleParts['memory']> = { minimum: 1 },
): LinkedModule {
  const reached = new Set<number>();
  const reach = (index: number): void => {
    if (reached.has(index)) return;
    reached.add(index);
    for (const called of new Set(functions[index]?.body.calls)) reach(called);
  };
  functions.forEach(({ name }, index) => {
    if (name !== undefined) reach(index);
  });
  // Widened code calls functions by their place in the whole list.
  const used =
    memory.widen === undefined ? [...reached].sort((a, b) => a - b) : [...functions.keys()];
  const isImported = (index: number): boolean => {
    const { name, body } = functions[index] as LinkedFunction;
    return !whole && name === undefined && body.calls.length === 0;
  };
  const imported = used.filter(isImported);
  const own = used.filter((index) => !isImported(index));
  const places = new Map([...imported, ...own].map((index, place) => [index, place]));
  const at = (index: number): LinkedFunction => functions[index] as LinkedFunction;
  const bytes = encodeModule({
    functions: own.map(at),
    imports: imported.map((index, i) => ({ module: 'pack', name: `${i}`, body: at(index).body })),
    rename: (index) => places.get(index) as number,
    memory,
  });
  const bodies = imported.map((index) => at(index).body);
  return {
    module: compileCached(bytes),
    imports: takePacked(bodies),
    codeBytes: bodies.reduce((sum, body) => sum + idOf(body).length, bytes.length),
  };
}

const instances = new WeakMap<
  EngineMemory,
  WeakMap<WebAssembly.Module, WebAssembly.Instance['exports']>
>();

/** Instantiates a linked module on a memory; packs have one instance per memory. */
export function instantiate(
  { module, imports }: LinkedModule,
  memory: EngineMemory,
): WebAssembly.Instance['exports'] {
  let mine = instances.get(memory);
  if (mine === undefined) {
    mine = new WeakMap();
    instances.set(memory, mine);
  }
  const env = { memory: memory.memory };
  const pack: Record<string, WebAssembly.ImportValue> = {};
  imports.forEach(({ pack: from, name }, i) => {
    let exported = mine.get(from);
    if (exported === undefined) {
      ({ exports: exported } = new WebAssembly.Instance(from, { env }));
      mine.set(from, exported);
    }
    pack[i] = exported[name] as WebAssembly.ImportValue;
  });
  return new WebAssembly.Instance(module, { env, pack }).exports;
}
