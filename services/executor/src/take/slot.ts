/** The right of a request to be worked on, of which an executor has as many as it works on requests at once. */
export type Slot = {
  /** Gives it up for a while: the work waits for something else. Without effect when it is given up already. */
  leave(): void;
  /** Takes one again. `false`: none is free. */
  tryToEnter(): boolean;
};
