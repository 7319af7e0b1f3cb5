// How the runtime library lends its threads to other libraries.

// One piece of work: block number `block`, by the thread with number `thread` of this call, 0 being the caller.
using Work = void (*)(void* data, long long block, int thread);

// Memory that one call at a time may use. All zero before the first.
struct Turn {
    int taken;
    unsigned forks;  // of the process, when it was taken
};

struct Threads {
    // work(data, block, thread) for the blocks 0 ... blocks - 1, in any order, by at most `threads` threads.
    void (*share)(Work work, void* data, long long blocks, int threads);
    // Wait for one's turn, and end it. A turn that a thread of the parent had when the process forked is over.
    void (*enter)(Turn* turn);
    void (*leave)(Turn* turn);
};
