"""The picture of native.py: a panel per work, a line per peer, fastest on top."""

TITLES = {"expression": "expression of micrograd's README", "network": "network 3-3-3, a step",
          "moons": "moons: 2-16-16-1, 100 points, a step",
          "digits": "digits: 64-32-10, 32 images, a step", "chain": "chain of a million operations",
          "wide": "wide: sum of a million (w x)²"}
COLOURS = {"handgrad": "#d1242f", "handgrad, called": "#d1242f", "handgrad, eager": "#e0787f",
           "C by hand": "black"}
COLUMNS = 2


def shown(seconds):
    """A time with its unit."""
    for unit, size in (("ns", 1e-9), ("us", 1e-6), ("ms", 1e-3)):
        if seconds < 999.5 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"


def plot(found, place):
    """found: by work and peer, three times, the last of them per iteration."""
    import matplotlib.pyplot as plt
    works = list(found)
    rows = [works[k:k + COLUMNS] for k in range(0, len(works), COLUMNS)]
    heights = [max(len(found[work]) for work in row) + 3 for row in rows]
    fig, axes = plt.subplots(len(rows), COLUMNS, figsize=(9.5, 0.185 * sum(heights)), sharex=True,
                             squeeze=False, height_ratios=heights, layout="constrained")
    ratios = {work: {peer: each / times["C by hand"][2] for peer, (*_, each) in times.items()}
              for work, times in found.items()}
    widest = max(max(by_peer.values()) for by_peer in ratios.values())
    for work, ax in zip(works, axes.flat):
        panel(ax, work, ratios[work], {peer: each for peer, (*_, each) in found[work].items()})
        ax.set(xscale="log", xlim=(0.4, 30 * widest))
    for ax in axes.flat[len(works):]:
        ax.set_axis_off()
    fig.get_layout_engine().set(hspace=0.03, wspace=0.03)
    fig.supxlabel("time per iteration, as a multiple of C by hand", fontsize=9)
    fig.savefig(place, dpi=150)


def panel(ax, work, ratios, times):
    """Dots on lines that begin at C by hand, with the time written beside each."""
    peers = sorted(ratios, key=ratios.get)
    for row, peer in enumerate(peers):
        colour, strong = COLOURS.get(peer, "#57606a"), peer == "handgrad"
        ax.plot([1, ratios[peer]], [row, row], color=colour, lw=2.5 if strong else 1, alpha=0.5)
        ax.plot(ratios[peer], row, "o", color=colour, ms=7 if strong else 4.5)
        ax.annotate(shown(times[peer]).replace("us", "µs"), (max(ratios[peer], 1.0), row), (8, 0),
                    textcoords="offset points", va="center", fontsize=7.5, color=colour,
                    weight="bold" if strong else "normal")
    ax.axvline(1, color="black", lw=0.8)
    ax.set_yticks(range(len(peers)), peers, fontsize=8)
    for label in ax.get_yticklabels():
        label.set_color(COLOURS.get(label.get_text(), "#24292f"))
        label.set_weight("bold" if label.get_text() == "handgrad" else "normal")
    ax.set_ylim(len(peers) - 0.4, -0.6)
    ax.set_title(TITLES[work], fontsize=9.5, weight="bold", loc="left")
    ax.tick_params(axis="y", length=0)
    ax.tick_params(axis="x", which="minor", length=0)
    ax.tick_params(axis="x", labelsize=8)
    ax.grid(axis="x", alpha=0.25)
    ax.spines[["top", "right", "left"]].set_visible(False)
