//! Who is to sign whom: the tree of a plan.

use crate::pg::certificate_file;
use crate::plan::Plan;
use crate::x509::{GeneralName, Name, Usage, other_names};
use time::OffsetDateTime;

/// Certificates under their issuers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    /// Those without an issuer here.
    pub roots: Vec<TreeNode>,
}

/// One certificate and what it issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeNode {
    /// The file that it is the first of.
    pub file: String,
    /// Whom it names.
    pub subject: Name,
    /// What it is for.
    pub usage: Usage,
    /// The names beside the common name.
    pub other_names: Vec<GeneralName>,
    /// Its first valid second.
    pub not_before: OffsetDateTime,
    /// Its last.
    pub not_after: OffsetDateTime,
    /// What it issued.
    pub issued: Vec<TreeNode>,
}

/// A node and the place of its issuer in the same list.
struct Item {
    node: TreeNode,
    issuer: Option<usize>,
}

impl Tree {
    /// The tree of a plan.
    #[must_use]
    pub fn of_plan(plan: &Plan) -> Self {
        let place = |stem: &str| plan.certificates.iter().position(|spec| spec.stem == stem);
        let items = plan.certificates.iter().map(|spec| Item {
            node: TreeNode {
                file: plan.elsewhere.get(&spec.stem).cloned().unwrap_or_else(|| certificate_file(&spec.stem)),
                subject: spec.subject.clone(),
                usage: spec.usage,
                other_names: other_names(&spec.subject, &spec.extensions.subject_alt_names),
                not_before: spec.window.not_before,
                not_after: spec.window.not_after,
                issued: Vec::new(),
            },
            issuer: spec.issuer.stem().and_then(place),
        });
        Self::build(items.collect())
    }

    fn build(items: Vec<Item>) -> Self {
        let roots: Vec<usize> = (0..items.len()).filter(|at| items[*at].issuer.is_none()).collect();
        Self { roots: roots.into_iter().map(|at| subtree(&items, at)).collect() }
    }
}

fn subtree(items: &[Item], at: usize) -> TreeNode {
    let children = (0..items.len()).filter(|child| items[*child].issuer == Some(at));
    TreeNode { issued: children.map(|child| subtree(items, child)).collect(), ..items[at].node.clone() }
}
