//! How the policy, users, groups and members are changed. Who is found where somebody was to be made is taken for the one.

use super::{
    super::change::{Change, Member, Operation},
    errors::StepError,
    run::{Done, Run},
};
use crate::api::{
    policies::Policy,
    scim::{Entitlement, Made, PatchOp},
};
use uuid::Uuid;

impl Run<'_> {
    /// Does what a step says. `request` is what a new cluster is made by.
    pub(super) async fn carry_out(&self, operation: &Operation, request: Uuid) -> Result<Done, StepError> {
        let scim = self.workspace.scim();
        let id = match &operation.change {
            Change::PolicyEdit { policy_id, overrides, .. } => {
                self.edit_policy(policy_id, overrides).await?;
                policy_id.clone()
            }
            Change::UserCreate { user } => self.make_user(user).await?,
            Change::GroupCreate { group, entitlements } => self.make_group(group, entitlements).await?,
            Change::GroupEntitle { group, add, remove } => {
                let add = (!add.is_empty()).then(|| PatchOp::AddEntitlements(add.clone()));
                let remove = remove.iter().cloned().map(PatchOp::RemoveEntitlement);
                self.patch(group, &add.into_iter().chain(remove).collect::<Vec<_>>()).await?
            }
            Change::MemberAdd { group, member } => {
                self.patch(group, &[PatchOp::AddMembers(vec![self.id(member)?])]).await?
            }
            Change::MemberRemove { group, member } => {
                self.patch(group, &[PatchOp::RemoveMember(self.id(member)?)]).await?
            }
            Change::UserDelete { user } => {
                let id = self.id(&Member::User(user.clone()))?;
                scim.delete_user(&id).await?;
                id
            }
            Change::GroupDelete { group } => {
                let id = self.id(&Member::Group(group.clone()))?;
                scim.delete_group(&id).await?;
                id
            }
            _ => return self.change_cluster(operation, request).await,
        };
        Ok(Done { remote_id: Some(id), attempts: 1 })
    }

    async fn edit_policy(&self, policy_id: &str, overrides: &str) -> Result<(), StepError> {
        let known = self.actual.policies.iter().find(|policy| policy.policy_id == policy_id);
        let known = known.ok_or_else(|| StepError::Failed(format!("there is no policy {policy_id}")))?;
        let mut spec = known.spec.clone();
        // One with a family is shown with the rules that follow from it, and takes none of its own.
        spec.definition = spec.definition.filter(|_| spec.policy_family_id.is_none());
        spec.policy_family_definition_overrides = Some(overrides.to_owned());
        Ok(self.workspace.policies().edit(&Policy { policy_id: policy_id.to_owned(), spec }).await?)
    }

    async fn make_user(&self, address: &str) -> Result<String, StepError> {
        match self.workspace.scim().make_user(address, &[]).await? {
            Made::Created(user) | Made::Found(user) => {
                Ok(self.learn(Member::User(address.to_owned()), user.id))
            }
            Made::OnlyInAccount { told } => Err(StepError::Failed(format!(
                "{address} exists in the account only: an administrator of the account must bring it into this \
                 workspace ({told})"
            ))),
        }
    }

    async fn make_group(&self, name: &str, entitlements: &[Entitlement]) -> Result<String, StepError> {
        let scim = self.workspace.scim();
        match scim.make_group(name, entitlements).await? {
            Made::Created(group) => Ok(self.learn(Member::Group(name.to_owned()), group.id)),
            Made::Found(group) => {
                if !entitlements.is_empty() {
                    let entitle = PatchOp::AddEntitlements(entitlements.to_vec());
                    scim.patch_group(&group.id, &[entitle]).await?;
                }
                Ok(self.learn(Member::Group(name.to_owned()), group.id))
            }
            Made::OnlyInAccount { told } => Err(StepError::Failed(format!(
                "the group {name} exists, but not under exactly this name in this workspace: an administrator of the \
                 account must bring it here ({told})"
            ))),
        }
    }

    async fn patch(&self, group: &str, operations: &[PatchOp]) -> Result<String, StepError> {
        let id = self.id(&Member::Group(group.to_owned()))?;
        self.workspace.scim().patch_group(&id, operations).await?;
        Ok(id)
    }

    fn id(&self, of: &Member) -> Result<String, StepError> {
        let id = self.state().ids.get(of).cloned();
        id.ok_or_else(|| StepError::Failed(format!("nobody and nothing of the name {of} is there")))
    }

    fn learn(&self, who: Member, id: String) -> String {
        self.state().ids.insert(who, id.clone());
        id
    }
}
