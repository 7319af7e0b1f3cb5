// Many steps in one call, each chosen by the error of the one before: the passes of `step.cpp`, and what
// `fdmag/solvers/integrator.py`, `step_control.py` and `stochastic.py` do between them, which are the specification.

// Have the noise of a part of a step, of this number and length, drawn where the terms read it; see `noise.cpp`.
using DrawStep = void (*)(void* noise, Index row, Index replica, Index number, Index part, double dt, int alone);

// How steps are chosen.
struct Control {
    double tolerance, rounding, safety, least, most, integral, proportional, below_rejected, dt_min;
    double fixed_dt;      // 0: steps adapt to the error
    const double* dt_max;
    Index each_dt_max;    // whether there is one for each replica
    Index relative, patience, order;
    Index known_after;    // whether the slope at the new state is that of the last stage
    DrawStep draw;        // has the noise of a step drawn before it, by `noise`; null: there is none
    void* noise;
};

// Of each replica of the simulation.
struct Progress {
    double *t, *dt, *previous_ratio, *ceiling, *good_dt;
    Index *steps, *rejected, *evaluations, *held_until, *noise_steps;
    unsigned char* known;  // whether the slope at the present state is in slot 0; with noise it is another in each step
};

// Of each replica: even steps of the noise, which are halved and doubled on the way. See `DyadicIntegrator`.
struct Course {
    double tolerance, eager;
    Index most_divisions;
    const double *start, *whole;
    const Index* count;
    Index *done, *place, *divisions;
};

enum Outcome : unsigned char { kUnderway, kArrived, kFailed };

struct Advance {
    Stepping run;
    const Control& control;
    const Course* course;  // null: steps are not those of a course
    const Progress& progress;
    const Pass *attempt, *anew;  // passes of a step from a slope that is known, and from the state alone
    Index attempt_count, anew_count;
    const double* ends;  // of each row
    const double* room;  // how far its cells may move in more than one step; null: any distance
    double* dt;
    Index most;  // attempts of each row
    Outcome* outcomes;
};

static double between(double value, double least, double most) {
    return value < least ? least : value > most ? most : value;
}

// Whether the step is accepted; `failed` if there is no going on. What is known of steps is brought up to date.
static bool judge(const Control& control, const Progress& of, Index replica, double dt, double wanted, double error,
                  double displacement, double longest, bool& failed) {
    if (control.fixed_dt > 0) {
        failed = !__builtin_isfinite(displacement);
        return true;
    }
    double ratio = error / (control.rounding + control.tolerance * (control.relative ? displacement : 1));
    if (!(ratio < 1e10)) ratio = 1e10;  // where it is NaN, too
    const bool accepted = ratio <= 1;
    const double order = double(control.order);
    const double then = smaller(ratio * __builtin_pow(wanted / dt, order), 1e10);  // had the step not been cut short
    double proposed;
    if (accepted) {
        const double now = then > 1e-10 ? then : 1e-10;
        const double before = of.previous_ratio[replica] > 1e-4 ? of.previous_ratio[replica] : 1e-4;
        const double integral = __builtin_pow(now, -control.integral / order);
        const double factor = integral * __builtin_pow(before, control.proportional / order);
        proposed = wanted * between(control.safety * factor, control.least, control.most);
        const double limit = wanted > 100 * dt ? wanted : 100 * dt;  // where steps are cut short again and again
        proposed = smaller(proposed, limit);
        if (then <= 1 && proposed < wanted) proposed = wanted;
    } else {
        const double factor = __builtin_pow(ratio > 1e-10 ? ratio : 1e-10, -1 / order);
        proposed = dt * between(control.safety * factor, control.least, 1);
    }
    const Index steps = of.steps[replica];
    Index& until = of.held_until[replica];
    double& ceiling = of.ceiling[replica];
    double most = steps < until ? ceiling : __builtin_inf();
    if (!accepted && steps != until - control.patience)
        most = smaller(control.below_rejected * dt, __builtin_sqrt(of.good_dt[replica] * dt));
    proposed = smaller(proposed, most);
    failed = !accepted && proposed < control.dt_min;
    if (failed) return false;
    if (accepted)
        of.previous_ratio[replica] = then, of.good_dt[replica] = dt;
    else if (steps != until - control.patience)
        ceiling = most, until = steps + control.patience;
    of.dt[replica] = smaller(proposed, longest);
    return accepted;
}

// One row on its way: by a lane, or with its blocks shared out.
struct Walk {
    Advance& job;
    const Index row, lane;
    const bool alone;
    const Index replica = job.run.replica(row);
    const double end = job.ends[row];
    double room = job.room ? job.room[row] : __builtin_inf();
    bool first = true;
    double error = 0, displacement = 0;  // of the last attempt

    // Whether a parameter had a value in the attempt that it may not have.
    bool refused() const { return job.run.step.drive && !__builtin_isnan(job.run.step.refused[replica]); }

    // Whether the attempt counts: one that would leave the room is as if it had not been.
    FD_ONCE bool attempts(double dt, Index part) {
        Stepping& run = job.run;
        const Index blocks = blocks_of_step(*run.step.problem).per_replica;
        job.dt[row] = dt;
        for (int which = 0; which < 2; ++which)
            __builtin_memset(run.largest + (which * run.rows + row) * blocks, 0, blocks * sizeof(real));
        const Control& control = job.control;
        if (control.draw)
            control.draw(control.noise, row, replica, job.progress.noise_steps[replica], part, dt, alone);
        const bool known = job.progress.known[replica] && !control.draw;
        const Pass* const passes = known ? job.attempt : job.anew;
        const Index count = known ? job.attempt_count : job.anew_count;
        if (alone)
            do_passes(run, passes, count, row, lane);
        else
            share_passes(run, passes, count, row);
        error = largest_of(run, row, 0) * dt, displacement = largest_of(run, row, 1);
        if (!first && !(displacement < room)) return false;
        job.progress.known[replica] = 1;
        job.progress.evaluations[replica] += run.step.stages - known;
        return true;
    }

    void accept_it() {
        job.run.exchanged[row] ^= 1;
        go_on(job.run.step, replica);
        job.progress.known[replica] = (unsigned char)job.control.known_after;
        ++job.progress.steps[replica];
        first = false;
        room -= displacement;
    }

    // Whether there is room for another step, which will hardly be shorter.
    bool may_go_on() const { return displacement < room; }

    Outcome step() {
        const Control& control = job.control;
        const Progress& of = job.progress;
        const double longest = control.dt_max[control.each_dt_max ? replica : 0];
        const bool adapts = !(control.fixed_dt > 0);
        for (Index k = 0; k < job.most; ++k) {
            const double remaining = end - of.t[replica];
            if (!(remaining > 0)) return kArrived;
            const double wanted = adapts ? smaller(of.dt[replica], longest) : control.fixed_dt;
            double count = __builtin_ceil(remaining / wanted * (1 - (adapts ? 1e-6 : 1e-12)));
            if (!(count > 1)) count = 1;
            // Only the last ones are alike: the others are free of the rounding of t.
            const double dt = count == 1 ? remaining : adapts && count > 20 ? wanted : remaining / count;
            if (!attempts(dt, 1)) return kUnderway;
            bool failed = refused();
            const bool accepted =
                !failed && judge(control, of, replica, dt, wanted, error, displacement, longest, failed);
            if (failed) return kFailed;
            if (!accepted) {
                ++of.rejected[replica];
                continue;
            }
            accept_it();
            of.noise_steps[replica] += control.draw != nullptr;
            of.t[replica] = count == 1 ? end : of.t[replica] + dt;
            if (count == 1) return kArrived;
            if (!may_go_on()) return kUnderway;
        }
        return kUnderway;
    }

    Outcome follow(const Course& course) {
        const Progress& of = job.progress;
        Index &divisions = course.divisions[replica], &place = course.place[replica], &done = course.done[replica];
        const double whole = course.whole[replica];
        for (Index k = 0; k < job.most; ++k) {
            if (!(of.t[replica] < end)) return kArrived;
            const Index parts = Index(1) << divisions;
            if (!attempts(whole / double(parts), parts + place)) return kUnderway;
            if (refused()) return kFailed;
            const double ratio = error / course.tolerance;
            if (!(ratio <= 1)) {  // or NaN
                if (divisions == course.most_divisions) return kFailed;
                ++of.rejected[replica];
                ++divisions;
                place *= 2;
                continue;
            }
            accept_it();
            ++place;
            if (ratio < course.eager && divisions > 0 && place % 2 == 0) --divisions, place /= 2;
            const Index now = Index(1) << divisions;
            if (place == now) ++done, place = 0, ++of.noise_steps[replica];
            const double gone = double(done) + double(place) / double(now);
            of.t[replica] = done == course.count[replica] ? end : course.start[replica] + whole * gone;
            of.dt[replica] = whole / double(now);
            if (done == course.count[replica]) return kArrived;
            if (!may_go_on()) return kUnderway;
        }
        return kUnderway;
    }
};

static void advance_row(Advance& job, Index row, Index lane, bool alone) {
    Walk walk = {job, row, lane, alone};
    job.outcomes[row] = job.course ? walk.follow(*job.course) : walk.step();
    if (job.run.exchanged[row]) keep_solutions(job.run.step, 1, &row, &walk.replica, alone);
}

static void advance_task(void* data, long long lane) {
    Advance& job = *static_cast<Advance*>(data);
    for (Index row; (row = next_row(job.run)) < job.run.rows;) advance_row(job, row, lane, true);
}

// At most so many steps of each row towards the time in ends[row], and how it went. Where a step fails, the state is as
// before it. Every `dt` is a number. After the first step no cell moves by `room` or more.
FD_EXPORT void fdmag_advance(const Step* step, const Pass* attempt, Index attempt_count, const Pass* anew,
                             Index anew_count, const Control* control, const Course* course, const Progress* progress,
                             Index rows, const Index* replicas, const double* ends, const double* room, Index most,
                             unsigned char* outcomes) {
    double* const dt = static_cast<double*>(__builtin_calloc(rows, sizeof(double)));
    Advance job = {{*step, nullptr, 0, rows, replicas, dt, room_for_largest(*step, rows)},
                   *control, course, *progress, attempt, anew, attempt_count, anew_count, ends, room, dt, most,
                   (Outcome*)outcomes};
    job.run.exchanged = static_cast<unsigned char*>(__builtin_calloc(rows, 1));
    if (!share_rows(job.run, advance_task, &job, attempt_count * most))
        for (Index row = 0; row < rows; ++row) advance_row(job, row, 0, false);
    __builtin_free(job.run.exchanged);
    __builtin_free(job.run.largest);
    __builtin_free(dt);
}
