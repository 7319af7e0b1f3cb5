// Threads that wait without spinning, and share out numbered blocks of work.
//
// What a block computes does not depend on who computes it, so results do not depend on the number of threads. A
// thread that is not woken in time takes no block and is not waited for: on a busy machine the others do its share.
#pragma once
#include <pthread.h>
#include <signal.h>

namespace fd {

typedef long long i64;
typedef void (*Work)(void* context, i64 block, int thread);

constexpr int MAX_THREADS = 256;

struct Pool {
  pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t wake = PTHREAD_COND_INITIALIZER, done = PTHREAD_COND_INITIALIZER;
  int threads = 0;  // started, without the caller
  bool open = false, taken = false;
  int wanted = 0, active = 0;
  unsigned long job = 0;
  Work work = nullptr;
  void* context = nullptr;
  i64 count = 0, next = 0;
};

static Pool pool;

/// Threads do not survive a fork: the child starts anew.
static void forget_threads() { pool = Pool(); }
__attribute__((constructor)) static void watch_forks() { pthread_atfork(nullptr, nullptr, forget_threads); }

static void do_blocks(Work work, void* context, i64 count, int thread) {
  for (i64 b; (b = __atomic_fetch_add(&pool.next, 1, __ATOMIC_RELAXED)) < count;) work(context, b, thread);
}

static void* worker(void* argument) {
  const int thread = int((size_t)argument);
  unsigned long seen = 0;
  pthread_mutex_lock(&pool.lock);
  for (;;) {
    while (!pool.open || pool.job == seen || thread >= pool.wanted) pthread_cond_wait(&pool.wake, &pool.lock);
    seen = pool.job;
    pool.active++;
    const Work work = pool.work;
    void* const context = pool.context;
    const i64 count = pool.count;
    pthread_mutex_unlock(&pool.lock);
    do_blocks(work, context, count, thread);
    pthread_mutex_lock(&pool.lock);
    if (--pool.active == 0) pthread_cond_signal(&pool.done);
  }
  return nullptr;
}

static void start_threads(int wanted) {
  sigset_t all, old;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &old);  // signals are the interpreter's business
  while (pool.threads < wanted - 1) {
    pthread_t id;
    if (pthread_create(&id, nullptr, worker, (void*)(size_t)(pool.threads + 1))) break;
    pthread_detach(id);
    pool.threads++;
  }
  pthread_sigmask(SIG_SETMASK, &old, nullptr);
}

/// Do the blocks 0 ... count - 1, with up to `threads` threads; fewer if another caller has the pool.
static void parallel(i64 count, int threads, Work work, void* context) {
  if (threads > MAX_THREADS) threads = MAX_THREADS;
  if (threads > count) threads = int(count);
  if (threads > 1) {
    pthread_mutex_lock(&pool.lock);
    const bool mine = !pool.taken;
    if (mine) {
      start_threads(threads);
      pool.taken = pool.open = true;
      pool.wanted = threads, pool.work = work, pool.context = context, pool.count = count;
      __atomic_store_n(&pool.next, 0, __ATOMIC_RELAXED);
      pool.job++;
      pthread_cond_broadcast(&pool.wake);
    }
    pthread_mutex_unlock(&pool.lock);
    if (mine) {
      do_blocks(work, context, count, 0);
      pthread_mutex_lock(&pool.lock);
      pool.open = false;
      while (pool.active) pthread_cond_wait(&pool.done, &pool.lock);
      pool.taken = false;
      pthread_mutex_unlock(&pool.lock);
      return;
    }
  }
  for (i64 b = 0; b < count; b++) work(context, b, 0);
}

}  // namespace fd
