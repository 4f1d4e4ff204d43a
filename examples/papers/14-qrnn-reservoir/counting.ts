import type { Engine } from 'ketwork';

/** How many circuits an engine has run, and how many it has differentiated. */
export interface Circuits {
  forward: number;
  backward: number;
}

/** An engine that counts the examples of every batch of a circuit with the data slot `x`. */
export function counting(engine: Engine): { readonly engine: Engine; readonly circuits: Circuits } {
  const circuits: Circuits = { forward: 0, backward: 0 };
  const compile: Engine['compile'] = (circuit, measurements, options) => {
    const program = engine.compile(circuit, measurements, options);
    const slot = circuit.slots.find(({ axis }) => axis === 'batch')!;
    const size = slot.shape.reduce((a, b) => a * b, 1);
    const batch = (values: unknown): number =>
      (values as Record<string, ArrayLike<number>>)[slot.name]!.length / size;
    return new Proxy(program, {
      get(target, name) {
        const value = Reflect.get(target, name, target) as unknown;
        if (typeof value !== 'function') return value;
        const method = value.bind(target) as (...args: unknown[]) => unknown;
        if (name !== 'run' && name !== 'vjp') return method;
        return (...args: unknown[]): unknown => {
          circuits[name === 'run' ? 'forward' : 'backward'] += batch(args[0]);
          return method(...args);
        };
      },
    });
  };
  return {
    engine: new Proxy(engine, {
      get: (target, name) =>
        name === 'compile' ? compile : (Reflect.get(target, name, target) as unknown),
    }),
    circuits,
  };
}
