"""What `explore` is made of: the graph as data, the page that shows it, the widget around it.

Python:  graphdata.py   nodes, formulas, numbers, slopes as plain JSON     <- start here
         views.py       which layers are folded in which view
         source.py      what Graphviz is asked
         places.py      where Graphviz puts boxes and arrows
         javascript.py  Python's arithmetic written in JavaScript
         program.py     the rows of a graph, so written
         beside.py      derivation and audit, tied to the nodes they speak of
         bundle.py      one page, or one module for a notebook
         widget.py      the notebook widget, two-way with Python
         site.py        the gallery: several pages and an index

Page:    math.js        the functions that the generated program needs
         text.js        numbers as text, elements of the page
         passes.js      the state: values, both passes, steps, paths
         colour.js      ramps and legend
         draw.js        boxes and arrows as SVG
         stage.js       zoom, pan, fit
         steps.js live.js node.js beside.js table.js    the panels
         controls.js keys.js    stepping by hand and by keyboard
         layout.js      the page around the graph
         highlight.js   what stands out
         app.js         what is shown and what is chosen     <- start here
         style.css      light, dark, phone, print

The JavaScript is written by hand and bundled as it is: `bundle.py` drops its import lines. It shows
every text as text: nothing that came from outside is ever HTML.
"""
