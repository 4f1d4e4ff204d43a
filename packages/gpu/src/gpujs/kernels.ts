// Kernels of one instance of gpu.js, each made once.
import type { Argument, Handle, Instance, Kernel } from './library.ts';

/** An argument of a kernel with its type. */
export type Typed = readonly [
  type: 'Array' | 'Integer' | 'Float' | 'NumberTexture' | 'ArrayTexture(2)',
  value: Argument,
];

/** Makes each kernel once. */
export class Kernels {
  readonly #instance: Instance;
  readonly #made = new Map<string, Kernel>();

  constructor(instance: Instance) {
    this.#instance = instance;
  }

  /** Records a step of `output` threads. The source is the body of a function of the arguments' names. */
  call(output: number, source: string, args: Readonly<Record<string, Typed>>): Handle {
    const names = Object.keys(args);
    const text = `function (${names.join(', ')}) {\n${source}\n}`;
    const id = `${output}\n${text}`;
    let kernel = this.#made.get(id);
    if (kernel === undefined) {
      const argumentTypes = Object.fromEntries(names.map((name) => [name, args[name]![0]]));
      kernel = this.#instance.createKernel(text, {
        output: [output],
        precision: 'single',
        tactic: 'precision',
        // Unless this is raised, a loop stops after 1,000 rounds without a word.
        loopMaxIterations: 2 ** 30,
        argumentTypes,
      });
      this.#made.set(id, kernel);
    }
    return kernel(...names.map((name) => args[name]![1]));
  }

  dispose(): void {
    for (const kernel of this.#made.values()) kernel.destroy();
    this.#made.clear();
  }
}
