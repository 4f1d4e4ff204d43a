/** What pages have to say. */
export interface Outcome {
  readonly faults: readonly string[];
  readonly notes: readonly string[];
}
