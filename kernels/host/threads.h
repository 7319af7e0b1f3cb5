// The threads of the host: one pool for all libraries and all callers of the process.
//
// What a block computes does not depend on who computes it, so results do not depend on the number of threads. Threads
// without work sleep in the kernel, after looking out for more for as long as they were told to. The caller works too,
// and waits for those only that have taken a block: a thread that is not woken in time takes none. While one caller has
// the pool, others do their blocks alone.

#ifdef _WIN32
static void share(Work work, void* data, long long blocks, int) {
    for (long long block = 0; block < blocks; ++block) work(data, block, 0);
}
static void enter(Turn*) {}
static void leave(Turn*) {}
#else
#include <pthread.h>
#include <signal.h>
#include <time.h>

static pthread_mutex_t in_use = PTHREAD_MUTEX_INITIALIZER;  // held by the call that has the pool
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;    // guards what follows
static pthread_cond_t work_is_there = PTHREAD_COND_INITIALIZER;
static pthread_cond_t work_is_done = PTHREAD_COND_INITIALIZER;
static Work job = nullptr;
static void* job_data;
static int job_runs;
static unsigned long long job_number = 0;
static int started = 0;  // threads of the pool
static int places = 0;   // that the job has for them
static int joined = 0;   // that took one
static int working = 0;  // that have not finished
static int asleep = 0;   // of the pool
static pthread_mutex_t turns = PTHREAD_MUTEX_INITIALIZER;  // guards all turns
static pthread_cond_t turn_is_over = PTHREAD_COND_INITIALIZER;
static unsigned forks = 0;

// Neighbouring blocks of the job, for one thread to do one after the other: they often share cache lines, which would
// go to and fro between processors. The threads that have done theirs take from those of others.
struct alignas(64) Run {
    long long next, end;
};
constexpr int kMostRuns = 64;
static Run job_run[kMostRuns];

static long long job_last = -1;  // block that the caller does when all others are taken; -1: there is none

static void work_on(Work work, void* data, int runs, int thread) {
    for (int k = 0; k < runs; ++k) {
        Run& run = job_run[(thread + k) % runs];
        while (__atomic_load_n(&run.next, __ATOMIC_RELAXED) < run.end) {
            const long long block = __atomic_fetch_add(&run.next, 1, __ATOMIC_RELAXED);
            if (block < run.end) work(data, block, thread);
        }
    }
    if (thread == 0 && job_last >= 0) work(data, job_last, 0);
}

// To wake a thread takes some 10 to 50 microseconds, and its waker up to 25, while the passes of one step follow each
// other at once. On a machine that one has for oneself one may look out for the next before one goes to sleep.
static long long look_out = 0;  // ns
static bool sleeps_at_once() { return __atomic_load_n(&look_out, __ATOMIC_RELAXED) == 0; }

static long long nanoseconds() {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void relax() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("yield");
#endif
}

// Whether a number has another value within the time one looks out.
template <class T>
static bool changes(const T& number, T from) {
    const long long most = __atomic_load_n(&look_out, __ATOMIC_RELAXED);
    for (const long long until = most > 0 ? nanoseconds() + most : 0; until > 0 && nanoseconds() < until;)
        for (int k = 0; k < 16; ++k, relax())
            if (__atomic_load_n(&number, __ATOMIC_RELAXED) != from) return true;
    return false;
}

// The lock is held for moments only.
static void take_lock() {
    for (int tries = sleeps_at_once() ? 0 : 64; tries > 0; --tries, relax())
        if (!pthread_mutex_trylock(&lock)) return;
    pthread_mutex_lock(&lock);
}

static void* serve(void*) {
    unsigned long long seen = 0;
    pthread_mutex_lock(&lock);
    for (;;) {
        while (!job || job_number == seen || joined == places) {
            const unsigned long long known = job_number;
            pthread_mutex_unlock(&lock);
            const bool more = changes(job_number, known);
            take_lock();
            if (more || job_number != known) continue;
            ++asleep;
            pthread_cond_wait(&work_is_there, &lock);
            --asleep;
        }
        seen = job_number;
        ++working;
        const int thread = ++joined;
        const Work work = job;
        void* const data = job_data;
        const int runs = job_runs;
        pthread_mutex_unlock(&lock);
        work_on(work, data, runs, thread);
        take_lock();
        __atomic_store_n(&working, working - 1, __ATOMIC_RELAXED);
        if (working == 0 && !job) pthread_cond_signal(&work_is_done);
    }
    return nullptr;
}

// After a fork only the calling thread is left: begin anew.
static void after_fork() {
    pthread_mutex_init(&in_use, nullptr);
    pthread_mutex_init(&lock, nullptr);
    pthread_cond_init(&work_is_there, nullptr);
    pthread_cond_init(&work_is_done, nullptr);
    pthread_mutex_init(&turns, nullptr);
    pthread_cond_init(&turn_is_over, nullptr);
    job = nullptr;
    started = joined = working = asleep = 0;
    ++forks;
}
__attribute__((constructor)) static void watch_forks() { pthread_atfork(nullptr, nullptr, after_fork); }

static void start_threads(int wanted) {
    if (started >= wanted) return;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);  // signals are the interpreter's business
    while (started < wanted) {
        pthread_t thread;
        if (pthread_create(&thread, nullptr, serve, nullptr)) break;  // fewer threads, the same result
        pthread_detach(thread);
        ++started;
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

static void share(Work work, void* data, long long blocks, int threads) {
    const int others = int(threads < blocks ? threads : blocks) - 1;
    if (others < 1 || pthread_mutex_trylock(&in_use)) {
        for (long long block = 0; block < blocks; ++block) work(data, block, 0);
        return;
    }
    take_lock();
    start_threads(others);
    job = work;
    job_data = data;
    job_runs = others < kMostRuns ? others + 1 : kMostRuns;
    for (int k = 0; k < job_runs; ++k) {
        const long long each = blocks / job_runs, more = blocks % job_runs;
        job_run[k].next = k * each + (k < more ? k : more);
        job_run[k].end = job_run[k].next + each + (k < more);
    }
    // A caller that sleeps is woken later than a block takes: it had better be the last to finish.
    job_last = sleeps_at_once() && blocks >= 4 * job_runs ? --job_run[0].end : -1;
    joined = 0;
    places = others;
    __atomic_store_n(&job_number, job_number + 1, __ATOMIC_RELAXED);
    const int wanted = others - (started - asleep);
    pthread_mutex_unlock(&lock);
    for (int k = 0; k < wanted; ++k) pthread_cond_signal(&work_is_there);
    work_on(work, data, job_runs, 0);
    take_lock();
    job = nullptr;
    for (int left; (left = working) > 0;) {
        pthread_mutex_unlock(&lock);
        const bool fewer = changes(working, left);
        take_lock();
        if (!fewer && working > 0) pthread_cond_wait(&work_is_done, &lock);
    }
    pthread_mutex_unlock(&lock);
    pthread_mutex_unlock(&in_use);
}

static void enter(Turn* turn) {
    pthread_mutex_lock(&turns);
    while (turn->taken && turn->forks == forks) pthread_cond_wait(&turn_is_over, &turns);
    turn->taken = 1;
    turn->forks = forks;
    pthread_mutex_unlock(&turns);
}

static void leave(Turn* turn) {
    pthread_mutex_lock(&turns);
    turn->taken = 0;
    pthread_cond_broadcast(&turn_is_over);
    pthread_mutex_unlock(&turns);
}
#endif

#define FD_EXPORT extern "C" __attribute__((visibility("default")))

static int thread_count = 1;
FD_EXPORT void fdmag_set_threads(int threads, long long nanoseconds) {
    __atomic_store_n(&thread_count, threads, __ATOMIC_RELAXED);
    __atomic_store_n(&look_out, nanoseconds, __ATOMIC_RELAXED);
}

FD_EXPORT const Threads* fdmag_threads() {
    static const Threads threads = {share, enter, leave};
    return &threads;
}

// For units, which need no thread numbers: at most so many threads, nor more than were set last.
FD_EXPORT void fdmag_parallel(Task task, void* data, long long blocks, long long threads) {
    struct Units {
        Task task;
        void* data;
    } units = {task, data};
    const auto work = [](void* u, long long block, int) { ((Units*)u)->task(((Units*)u)->data, block); };
    const int all = __atomic_load_n(&thread_count, __ATOMIC_RELAXED);
    share(work, &units, blocks, threads < all ? int(threads) : all);
}
