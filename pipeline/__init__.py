"""The work behind `dodo.py`.

A file here imports only from its own line and the lines above it.

    errors, suggest                   what can go wrong, and the nearest right spelling
    entry, config, layout, records    what is asked, where things lie, what is written down
    catalogue, checks, patterns       torchvision's builders by name, what an entry may say, entries that stand for many
    files, process, console, memory   bytes on disk, child processes, what a step says, how much memory there is
    drawing                           plots
    configfile                        the settings as read
    hashes, children                  what files contain; steps as children of doit
    toolchain                         compiler, torch and processor
    receipts/                         what is known of an artifact, and where else it may come from
    reporting/                        what people and machines are told of a run
    graph/                            what doit asks of us: tasks, freshness, commands
    ------------------------------------------------------------------- nothing above imports torch
    cli, cmake                        the edge around a step; configuring and building the C++ side
    model/                            a model as a module, an archive, and the samples that it runs on
    operators/                        torchvision's operators in plain PyTorch; what plain libtorch has not
    judging/                          how an output is held against its reference, and by which rule
    reference/                        what both sides run on, and what Python makes of it
    decisions/                        what a model decides by numbers that rounding moves
    forms/                            fused, frozen and plain: how they are made, and which is right for a model
    parity/                           every side on the same inputs, on which edge they part, and how that is told
    weights/, methods/                one module per source of weights, one per export method
    zoo/                              all of torchvision's models, one after another and side by side
    locate/, selftest/                the layer where the numbers part; faults that are planted, to be found
    bench/                            the benchmark: its contenders, what they share, figures and plot
    steps/                            the programs that doit starts: `python -m pipeline.steps.<name>`

`dodo.py` and `cpp/` are links to those beside this folder; where we are installed, they are the files.
"""
