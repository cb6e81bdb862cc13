/* The benchmark's work by hand in C, the limit that native.py is measured against. Each function
   does so many rounds and leaves the loss and gradients of the last one.
   gcc -O3 -march=native -fopenmp-simd -shared -fPIC native_hand.c -o native_hand.so -lm */
#include <math.h>
#include <string.h>

#define KEEP __asm__ volatile("" ::: "memory")
#define INLINE static inline __attribute__((always_inline))

double expression(long rounds, double *p, double *grad) {
    double g = 0;
    for (long r = 0; r < rounds; r++, ({ KEEP; })) {
        double a = p[0], b = p[1];
        double c = a + b, c1 = c + c + 1, c2 = c1 + 1 + c1 - a;
        double d = a * b + b * b * b, t1 = b + a, d1 = d + d * 2 + (t1 > 0 ? t1 : 0);
        double t2 = b - a, d2 = d1 + 3 * d1 + (t2 > 0 ? t2 : 0);
        double e = c2 - d2, f = e * e;
        g = f / 2 + 10 / f;
        double de = (0.5 - 10 / (f * f)) * 2 * e, dr2 = t2 > 0 ? -de : 0, dd1 = -4 * de;
        double dr1 = t1 > 0 ? dd1 : 0, dd = 3 * dd1, dc = 4 * de;
        grad[0] = -de - dr2 + dr1 + dd * b + dc;
        grad[1] = dr2 + dr1 + dd * (a + 3 * b * b) + dc;
    }
    return g;
}

/* y <- y a + b, rounds times over n / 2 steps; gradients of a, b and the first y */
double chain(long rounds, long n, const double *p, double *grad, double *tape) {
    double y = 0;
    for (long r = 0; r < rounds; r++, ({ KEEP; })) {
        double a = p[0], b = p[1], g = 1, ga = 0, gb = 0;
        y = p[2];
        for (long k = 0; k < n / 2; k++) { tape[k] = y; y = y * a + b; }
        for (long k = n / 2 - 1; k >= 0; k--) { gb += g; ga += g * tape[k]; g *= a; }
        grad[0] = ga; grad[1] = gb; grad[2] = g;
    }
    return y;
}

double wide(long rounds, long n, const double *restrict w, const double *restrict x,
            double *restrict grad) {
    double s = 0;
    for (long r = 0; r < rounds; r++, ({ KEEP; })) {
        s = 0;
        #pragma omp simd reduction(+:s)
        for (long k = 0; k < n; k++) { double t = w[k] * x[k]; s += t * t; grad[k] = 2 * t * x[k]; }
    }
    return s;
}

/* Networks: one row of samples per unit, eight samples to a vector; V vectors to a row, of which the
   samples beyond the last are zeros. */
typedef double vec __attribute__((vector_size(64)));
typedef long long mask __attribute__((vector_size(64)));
#define WHERE(test, x) ((vec)((mask)(x) & (test)))          /* x, or 0 where the test fails */

INLINE double sum_of(vec v) {
    return ((v[0] + v[1]) + (v[2] + v[3])) + ((v[4] + v[5]) + (v[6] + v[7]));
}

/* z[j] = b[j] + sum over i of W[j * row + i * column] x[i], for eight outputs at a time */
INLINE void product(int nin, int nout, int V, const double *W, int row, int column,
                    const double *b, const vec *x, vec *z) {
    for (int j = 0; j < nout; j += 8) {
        int n = nout - j < 8 ? nout - j : 8;
        for (int v = 0; v < V; v++) {
            vec a[8];
            for (int q = 0; q < n; q++) a[q] = (vec){} + (b ? b[j + q] : 0);
            for (int i = 0; i < nin; i++)
                for (int q = 0; q < n; q++) a[q] += W[(j + q) * row + i * column] * x[i * V + v];
            for (int q = 0; q < n; q++) z[(j + q) * V + v] = a[q];
        }
    }
}

INLINE void layer(int nin, int nout, int V, const double *W, const double *b, const vec *x,
                  vec *z) {
    product(nin, nout, V, W, nin, 1, b, x, z);
}

INLINE void layer_back(int nin, int nout, int V, const double *W, const vec *x, const vec *d,
                       double *gW, double *gb, vec *dx) {
    for (int j = 0; j < nout; j++) {
        vec sum = {};
        for (int v = 0; v < V; v++) sum += d[j * V + v];
        gb[j] = sum_of(sum);
        for (int i = 0; i < nin; i++) {
            vec g = {};
            for (int v = 0; v < V; v++) g += d[j * V + v] * x[i * V + v];
            gW[j * nin + i] = sum_of(g);
        }
    }
    if (dx) product(nout, nin, V, W, 1, nin, 0, d, dx);
}

INLINE void relu(int n, vec *h) {
    for (int k = 0; k < n; k++) h[k] = WHERE(h[k] > 0, h[k]);
}

INLINE void relu_back(int n, const vec *h, vec *d) {
    for (int k = 0; k < n; k++) d[k] = WHERE(h[k] > 0, d[k]);
}

/* MLP 2-16-16-1 on 100 points: max-margin + 1e-4 |p|^2; parameters W1 b1 W2 b2 W3 b3 */
double moons(long rounds, double lr, double *p, double *g, const vec *x, const vec *y) {
    enum { V = 13, W1 = 0, B1 = 32, W2 = 48, B2 = 304, W3 = 320, B3 = 336, P = 337 };
    static vec h1[16 * V], h2[16 * V], o[V], d1[16 * V], d2[16 * V], d3[V];
    double loss = 0;
    for (long r = 0; r < rounds; r++) {
        layer(2, 16, V, p + W1, p + B1, x, h1); relu(16 * V, h1);
        layer(16, 16, V, p + W2, p + B2, h1, h2); relu(16 * V, h2);
        layer(16, 1, V, p + W3, p + B3, h2, o);
        vec data = {};
        double squares = 0;
        for (int v = 0; v < V; v++) {
            vec m = y[v] * y[v] - y[v] * o[v];          /* y y is 1, or 0 where there is no sample */
            data += WHERE(m > 0, m);
            d3[v] = WHERE(m > 0, -y[v] / 100);
        }
        layer_back(16, 1, V, p + W3, h2, d3, g + W3, g + B3, d2); relu_back(16 * V, h2, d2);
        layer_back(16, 16, V, p + W2, h1, d2, g + W2, g + B2, d1); relu_back(16 * V, h1, d1);
        layer_back(2, 16, V, p + W1, x, d1, g + W1, g + B1, 0);
        #pragma omp simd reduction(+:squares)
        for (int k = 0; k < P; k++) {
            squares += p[k] * p[k]; g[k] += 2e-4 * p[k]; p[k] -= lr * g[k];
        }
        loss = sum_of(data) / 100 + 1e-4 * squares;
    }
    return loss;
}

/* MLP 64-32-10 on 32 images: softmax cross-entropy; y one row of samples per class */
double digits(long rounds, double lr, double *p, double *g, const vec *x, const vec *y) {
    enum { N = 32, V = 4, W1 = 0, B1 = 2048, W2 = 2080, B2 = 2400, P = 2410 };
    static vec h[32 * V], o[10 * V], d1[32 * V], d2[10 * V];
    const double (*out)[N] = (void *)o, (*t)[N] = (void *)y;
    double (*d)[N] = (void *)d2;
    double loss = 0;
    for (long r = 0; r < rounds; r++) {
        layer(64, 32, V, p + W1, p + B1, x, h); relu(32 * V, h);
        layer(32, 10, V, p + W2, p + B2, h, o);
        loss = 0;
        for (int s = 0; s < N; s++) {
            double top = out[0][s], sum = 0;
            for (int k = 1; k < 10; k++) top = out[k][s] > top ? out[k][s] : top;
            for (int k = 0; k < 10; k++) sum += d[k][s] = exp(out[k][s] - top);
            double l = top + log(sum);
            for (int k = 0; k < 10; k++) {
                loss += t[k][s] * (l - out[k][s]) / N;
                d[k][s] = (d[k][s] / sum - t[k][s]) / N;
            }
        }
        layer_back(32, 10, V, p + W2, h, d2, g + W2, g + B2, d1); relu_back(32 * V, h, d1);
        layer_back(64, 32, V, p + W1, x, d1, g + W1, g + B1, 0);
        for (int k = 0; k < P; k++) p[k] -= lr * g[k];
    }
    return loss;
}

/* document 001's network: ReLU, sigmoid and softmax layers of three; W_ij b W_jk b W_kl b, row-major
   by input as the document has them; binary cross-entropy summed over the outputs */
double network(long rounds, double lr, double *p, double *g, const double *x, const double *y) {
    double loss = 0;
    for (long r = 0; r < rounds; r++) {
        double v[4][3], d[3], below[3];
        memcpy(v[0], x, sizeof v[0]);
        for (int l = 0; l < 3; l++) {
            const double *W = p + 12 * l, *b = W + 9;
            double sum = 0;
            for (int j = 0; j < 3; j++) {
                double z = b[j];
                for (int i = 0; i < 3; i++) z += W[3 * i + j] * v[l][i];
                v[l + 1][j] = l == 0 ? (z < 0 ? 0 : z) : l == 1 ? 1 / (1 + exp(-z)) : exp(z);
                sum += v[l + 1][j];
            }
            if (l == 2) for (int j = 0; j < 3; j++) v[3][j] /= sum;
        }
        double inner = 0;
        loss = 0;
        for (int j = 0; j < 3; j++) {
            double o = v[3][j];
            if (y[j] != 0) loss -= y[j] * log(o);
            if (y[j] != 1) loss -= (1 - y[j]) * log1p(-o);
            d[j] = -y[j] / o + (1 - y[j]) / (1 - o);
            inner += d[j] * o;
        }
        for (int j = 0; j < 3; j++) d[j] = v[3][j] * (d[j] - inner);
        for (int l = 2; l >= 0; l--) {
            double *W = p + 12 * l, *gW = g + 12 * l;
            for (int i = 0; i < 3; i++) {
                double sum = 0;
                for (int j = 0; j < 3; j++) {
                    gW[3 * i + j] = d[j] * v[l][i];
                    sum += W[3 * i + j] * d[j];
                }
                below[i] = l == 2 ? sum * v[l][i] * (1 - v[l][i]) : v[l][i] > 0 ? sum : 0;
            }
            for (int j = 0; j < 3; j++) { gW[9 + j] = d[j]; d[j] = below[j]; }
        }
        for (int k = 0; k < 36; k++) p[k] -= lr * g[k];
    }
    return loss;
}
