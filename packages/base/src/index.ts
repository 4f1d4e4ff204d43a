export { CircuitError, EnvironmentError, FormatError, KetworkError, UnsupportedError, ValueError } from './errors.ts';
export type { ErrorDetails } from './errors.ts';
