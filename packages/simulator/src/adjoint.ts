/** What the adjoint method refuses, the same in every engine that has it. */
import { UnsupportedError } from '@ketwork/base';

/** Refuses a program that draws shots. @throws UnsupportedError */
export function refuseShots(draws: boolean): void {
  if (!draws) return;
  throw new UnsupportedError(
    'the adjoint method needs exact results, and this program draws shots',
    {
      remedy:
        "Compile without shots, or differentiate with 'parameter-shift' of @ketwork/gradients",
    },
  );
}

/** Refuses a map that is not unitary at an operation, where there is one. @throws UnsupportedError */
export function refuseFilter(operation: number | undefined): void {
  if (operation === undefined || operation < 0) return;
  throw new UnsupportedError(
    'a map that is not unitary cannot be undone, which the adjoint method needs',
    {
      operation,
      remedy:
        "Differentiate with method 'parameter-shift' or 'finite-difference' of @ketwork/gradients",
    },
  );
}
