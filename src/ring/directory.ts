/**
 * What the threads of one process share before they have a connection: who is there, how to wake it, and which of them
 * has bound which name. One piece of shared memory, handed down to every worker.
 *
 *     [ header | thread slots … | buckets of names … ]
 *
 *     thread slot    key, 0 when free | doorbell words (wakeup.ts) | how many of its connections wait for a name
 *     name           128 bits of the name's hash | the key of its owner, 0 when free
 *
 * A thread's key is its slot's number in the lower bits and a generation above, which comes again after two million threads. A change of names is made under
 * a lock and becomes valid by one store, so a thread that is ended in the middle leaves nothing half done; its lock is
 * taken over, its names are free as soon as it is known to be gone. Does not own: how a thread's end is noticed.
 */

const MAGIC = 0x7a6d7470;

// Words of the header.
const HEADER_MAGIC = 0;
/** The thread that made this memory: where two meet, the lower one stays. */
const HEADER_RANK = 1;
const HEADER_LOCK = 2;
/** Changes with every name that is bound. */
const HEADER_BINDS = 3;
const HEADER_GENERATION = 4;
/** Slots from 0 that were ever used. */
const HEADER_SLOTS = 5;
const HEADER_ID = 6;
const HEADER_WORDS = 16;

// Words of a thread's slot; the doorbell's are in wakeup.ts.
const SLOT_KEY = 0;
const SLOT_THREAD_ID = 1;
const SLOT_PARENT = 2;
const SLOT_SEEKING = 3;
/** 1: whoever wakes this thread sends a message to its channel. */
const SLOT_BY_CHANNEL = 4;
/** Where the words of the doorbell begin. */
export const SLOT_BELL = 16;
const SLOT_WORDS = 64;
const MAX_THREADS = 1024;
const SLOT_BITS = 10;
/** Keys are positive: so many generations there are, from 1 on. */
const GENERATIONS = 2 ** (31 - SLOT_BITS) - 1;

const NAME_WORDS = 8;
const NAME_OWNER = 4;
const BUCKETS = 512;
const BUCKET_NAMES = 64;

const THREADS_AT = HEADER_WORDS;
const NAMES_AT = THREADS_AT + MAX_THREADS * SLOT_WORDS;
const WORDS = NAMES_AT + BUCKETS * BUCKET_NAMES * NAME_WORDS;

/** A holder of the lock that is silent for so long was ended without anybody noticing, or stands in a debugger. */
const LOCK_PATIENCE_MS = 1000;

/** What a claim of a name came to: done, another thread has it, or there is no room for more names. */
export type ClaimResult = "claimed" | "taken" | "full";

export class Directory {
  readonly memory: SharedArrayBuffer;
  readonly words: Int32Array;

  private constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.words = new Int32Array(memory);
  }

  /** New and empty; `rank` is its maker's thread id. */
  static create(rank: number): Directory {
    const directory = new Directory(new SharedArrayBuffer(WORDS * 4));
    directory.words[HEADER_RANK] = rank;
    directory.words[HEADER_ID] = Math.floor(Math.random() * 0x7fffffff);
    Atomics.store(directory.words, HEADER_MAGIC, MAGIC);
    return directory;
  }

  /** One that another thread made; undefined for anything else. */
  static from(memory: unknown): Directory | undefined {
    if (!(memory instanceof SharedArrayBuffer) || memory.byteLength !== WORDS * 4) return undefined;
    const directory = new Directory(memory);
    return Atomics.load(directory.words, HEADER_MAGIC) === MAGIC ? directory : undefined;
  }

  get rank(): number {
    return this.words[HEADER_RANK];
  }

  /** Tells directories of one process apart. */
  get id(): number {
    return this.words[HEADER_ID];
  }

  // Threads -----------------------------------------------------------------------------------------------------------

  /** Takes a slot for a thread and gives its key; 0 when there are too many. `parent` is a key, 0 when unknown. */
  enter(threadId: number, parent: number): number {
    const { words } = this;
    const generation = ((Atomics.add(words, HEADER_GENERATION, 1) >>> 0) % GENERATIONS) + 1;
    for (let slot = 0; slot < MAX_THREADS; slot++) {
      const at = slotAt(slot);
      const key = (generation << SLOT_BITS) | slot;
      if (Atomics.load(words, at) !== 0 || Atomics.compareExchange(words, at, 0, -1) !== 0) continue;
      words.fill(0, at + 1, at + SLOT_WORDS);
      words[at + SLOT_THREAD_ID] = threadId;
      words[at + SLOT_PARENT] = parent;
      Atomics.store(words, at, key);
      for (let used = Atomics.load(words, HEADER_SLOTS); used <= slot; used = Atomics.load(words, HEADER_SLOTS))
        Atomics.compareExchange(words, HEADER_SLOTS, used, slot + 1);
      return key;
    }
    return 0;
  }

  /** A thread is gone: its slot and its names are free. False: it was gone already. */
  leave(key: number): boolean {
    const { words } = this;
    if (Atomics.compareExchange(words, slotAt(slotOf(key)), key, 0) !== key) return false;
    for (let at = NAMES_AT; at < WORDS; at += NAME_WORDS) Atomics.compareExchange(words, at + NAME_OWNER, key, 0);
    return true;
  }

  isAlive(key: number): boolean {
    return key !== 0 && Atomics.load(this.words, slotAt(slotOf(key))) === key;
  }

  /** The keys of all threads that are there. */
  threads(): number[] {
    const keys: number[] = [];
    const slots = Atomics.load(this.words, HEADER_SLOTS);
    for (let slot = 0; slot < slots; slot++) {
      const key = Atomics.load(this.words, slotAt(slot));
      if (key > 0) keys.push(key);
    }
    return keys;
  }

  threadIdOf(key: number): number {
    return this.words[slotAt(slotOf(key)) + SLOT_THREAD_ID];
  }

  parentOf(key: number): number {
    return this.words[slotAt(slotOf(key)) + SLOT_PARENT];
  }

  /** Says how many connections of a thread wait for a name to be bound. */
  setSeeking(key: number, count: number): void {
    Atomics.store(this.words, slotAt(slotOf(key)) + SLOT_SEEKING, count);
  }

  isSeeking(key: number): boolean {
    return Atomics.load(this.words, slotAt(slotOf(key)) + SLOT_SEEKING) > 0;
  }

  /** A thread can wait for nothing but messages. */
  setWokenByChannel(key: number): void {
    Atomics.store(this.words, slotAt(slotOf(key)) + SLOT_BY_CHANNEL, 1);
  }

  /** The key of the thread in a slot if it is to be woken by a message; 0 otherwise. */
  wokenByChannel(slot: number): number {
    const at = slotAt(slot);
    return Atomics.load(this.words, at + SLOT_BY_CHANNEL) === 1 ? Math.max(0, Atomics.load(this.words, at)) : 0;
  }

  // Names -------------------------------------------------------------------------------------------------------------

  /** Takes a name for a thread. */
  claim(name: string, key: number): ClaimResult {
    const { words } = this;
    const hash = hashOf(name);
    this.#lock(key);
    try {
      let free = -1;
      for (let i = 0, at = bucketAt(hash); i < BUCKET_NAMES; i++, at += NAME_WORDS) {
        const owner = Atomics.load(words, at + NAME_OWNER);
        if (owner !== 0 && this.isAlive(owner)) {
          if (this.#isAt(at, hash)) return "taken";
        } else if (free < 0) free = at;
      }
      if (free < 0) return "full";
      Atomics.store(words, free + NAME_OWNER, 0);
      for (let i = 0; i < 4; i++) words[free + i] = hash[i];
      Atomics.store(words, free + NAME_OWNER, key);
      Atomics.add(words, HEADER_BINDS, 1);
      return "claimed";
    } finally {
      this.#unlock(key);
    }
  }

  /** Gives a name free, if the thread has it. */
  release(name: string, key: number): void {
    const hash = hashOf(name);
    for (let i = 0, at = bucketAt(hash); i < BUCKET_NAMES; i++, at += NAME_WORDS)
      if (this.#isAt(at, hash) && Atomics.compareExchange(this.words, at + NAME_OWNER, key, 0) === key) return;
  }

  /** The key of the thread that has bound a name; 0 when nobody has. */
  ownerOf(name: string): number {
    const hash = hashOf(name);
    for (let i = 0, at = bucketAt(hash); i < BUCKET_NAMES; i++, at += NAME_WORDS) {
      const owner = Atomics.load(this.words, at + NAME_OWNER);
      if (owner !== 0 && this.#isAt(at, hash) && this.isAlive(owner)) return owner;
    }
    return 0;
  }

  /** A number that changes when a name is bound. */
  get binds(): number {
    return Atomics.load(this.words, HEADER_BINDS);
  }

  #isAt(at: number, hash: Int32Array): boolean {
    const { words } = this;
    return words[at] === hash[0] && words[at + 1] === hash[1] && words[at + 2] === hash[2] && words[at + 3] === hash[3];
  }

  // Held for a microsecond; so waiting in a loop is right, and the only way on a browser's main thread.
  #lock(key: number): void {
    const { words } = this;
    let since = 0;
    for (let tries = 1; ; tries++) {
      const holder = Atomics.compareExchange(words, HEADER_LOCK, 0, key);
      if (holder === 0) return;
      if (tries % 256 !== 0) continue;
      const now = Date.now();
      if (since === 0) since = now;
      const over = !this.isAlive(holder) || now - since > LOCK_PATIENCE_MS;
      if (over && Atomics.compareExchange(words, HEADER_LOCK, holder, key) === holder) return;
    }
  }

  #unlock(key: number): void {
    Atomics.compareExchange(this.words, HEADER_LOCK, key, 0);
  }
}

/** The slot of a thread's key. */
export function slotOf(key: number): number {
  return key & (MAX_THREADS - 1);
}

/** Where a slot's words begin. */
export function slotAt(slot: number): number {
  return THREADS_AT + slot * SLOT_WORDS + SLOT_KEY;
}

function bucketAt(hash: Int32Array): number {
  return NAMES_AT + (hash[0] & (BUCKETS - 1)) * BUCKET_NAMES * NAME_WORDS;
}

// Four lanes of a multiplicative hash, mixed at the end: nobody attacks the names of his own process.
function hashOf(name: string): Int32Array {
  const hash = Int32Array.of(0x3c074a61, 0x517cc1b7, 0x2545f491, 0x1b873593);
  for (let i = 0; i < name.length; i++) {
    const unit = name.charCodeAt(i);
    hash[0] = Math.imul(hash[0] ^ unit, 0x01000193);
    hash[1] = Math.imul(hash[1] ^ unit, 0x85ebca6b) ^ (hash[1] >>> 15);
    hash[2] = Math.imul(hash[2] ^ (unit + i), 0xc2b2ae35) ^ (hash[2] >>> 13);
    hash[3] = Math.imul(hash[3] + unit, 0x27d4eb2f) ^ (hash[3] >>> 11);
  }
  for (let i = 0; i < 4; i++) {
    let h = hash[i] ^ name.length ^ hash[(i + 1) & 3];
    h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
    h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
    hash[i] = h ^ (h >>> 16);
  }
  return hash;
}
