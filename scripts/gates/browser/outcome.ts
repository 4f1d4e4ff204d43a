/** What pages have to say. */
export interface Outcome {
  readonly faults: readonly string[];
  readonly notes: readonly string[];
}

/** What several have to say, together. */
export function merged(outcomes: readonly Outcome[]): Outcome {
  return {
    faults: outcomes.flatMap(({ faults }) => faults),
    notes: outcomes.flatMap(({ notes }) => notes),
  };
}
