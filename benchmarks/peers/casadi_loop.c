/* What casadi wrote, in a loop over rounds; -DCHAIN: the chain's chunks, forward and back. The loss
   and gradient of the last round are left. */
#include "functions.c"

#ifdef CHAIN
double loop(long rounds, double rate, long chunks, const double *p, double *tape, double *grad) {
    double y = 0;
    for (long r = 0; r < rounds; r++) {
        double q[3] = {p[0], p[1]}, slopes[3], g = 1;
        const double *arg[2] = {q, &g};
        double *to_y[1] = {&y}, *to_slopes[1] = {slopes};
        y = p[2];
        grad[0] = grad[1] = 0;
        for (long k = 0; k < chunks; k++) { q[2] = tape[k] = y; forward(arg, to_y, 0, 0, 0); }
        for (long k = chunks - 1; k >= 0; k--) {
            q[2] = tape[k];
            back(arg, to_slopes, 0, 0, 0);
            grad[0] += slopes[0]; grad[1] += slopes[1]; g = slopes[2];
        }
        grad[2] = g;
    }
    return y;
}
#else
double loop(long rounds, double rate, long n, double *p, const double *x, double *grad) {
    static casadi_int whole[WHOLE];
    static double real[REAL];
    double loss = 0;
    for (long r = 0; r < rounds; r++) {
        const double *arg[ARGS] = {p, x};
        double *res[RESULTS] = {&loss, grad};
        f(arg, res, whole, real, 0);
        for (long k = 0; k < n; k++) p[k] -= rate * grad[k];
    }
    return loss;
}
#endif
