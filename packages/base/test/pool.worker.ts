// The worker of pool.test.ts: does what a request says.
import { CircuitError, KetworkError, serve, UnsupportedError } from '../src/index.ts';

/** What the worker can be asked. */
export type Task =
  | { readonly do: 'sum'; readonly numbers: Float64Array }
  | { readonly do: 'double'; readonly numbers: Float64Array }
  | { readonly do: 'count' }
  | { readonly do: 'data' }
  | { readonly do: 'wait'; readonly milliseconds: number }
  | {
      readonly do: 'fail';
      readonly how: 'circuit' | 'unsupported' | 'custom' | 'range' | 'text' | 'circle';
    }
  | { readonly do: 'unsendable' }
  | { readonly do: 'die' }
  | { readonly do: 'crash' };

let count = 0;

serve<Task, unknown>(async (task, context) => {
  switch (task.do) {
    case 'sum':
      return task.numbers.reduce((sum, x) => sum + x, 0);
    case 'double': {
      const out = task.numbers.map((x) => 2 * x);
      context.transfer(out.buffer);
      return out;
    }
    case 'count':
      return ++count;
    case 'data':
      return context.data;
    case 'wait':
      await new Promise((resolve) => setTimeout(resolve, task.milliseconds));
      return 'waited';
    case 'fail':
      throw failure(task.how);
    case 'unsendable':
      return () => 1;
    case 'die':
      process.exit(3);
      break;
    case 'crash':
      setTimeout(() => {
        throw new TypeError('out of turn');
      });
      await new Promise(() => {});
  }
  return undefined;
});

function failure(how: string): unknown {
  switch (how) {
    case 'circuit':
      return new CircuitError('qubit 5 is out of range', {
        operation: 3,
        remedy: 'Use qubits 0 to 3',
      });
    case 'unsupported':
      return new UnsupportedError('no such thing', { cause: new TypeError('deeper') });
    case 'custom':
      return new KetworkError('MINE', 'oh', { operation: 0 });
    case 'range':
      return new RangeError('too far');
    case 'circle': {
      const error = new Error('round');
      error.cause = error;
      return error;
    }
    default:
      return 'just text';
  }
}
